"""The inference hosts, and what the SDK knows about their operations other than chat."""
