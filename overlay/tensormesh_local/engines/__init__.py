"""Engines: what answers an inference call."""
