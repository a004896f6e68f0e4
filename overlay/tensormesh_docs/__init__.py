"""Writes the documents that are made of `tm`: its reference page, and screens. Not distributed."""
