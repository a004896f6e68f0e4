"""Prices, usage, charges, payments and the ledger."""
