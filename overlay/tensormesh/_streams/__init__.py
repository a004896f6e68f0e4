"""Streams: from the bytes of a response to typed events, whatever the operation."""
