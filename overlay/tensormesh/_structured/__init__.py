"""Structured output: parse responses into the caller's types."""
