"""Answers as objects of the caller's own types: what `parse` is made of."""
