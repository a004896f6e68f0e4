"""Engines, which respond to inference requests."""
