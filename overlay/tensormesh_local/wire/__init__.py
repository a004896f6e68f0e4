"""Requests and responses of the inference APIs: parse the former, format the latter."""
