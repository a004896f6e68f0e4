"""Send one attempt of a call over HTTP and read its response.

A link does it, in one of two ways: over the SDK's own connections, or over an httpx client.
"""
