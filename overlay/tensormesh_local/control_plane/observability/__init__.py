"""Logs and metrics of inference requests."""
