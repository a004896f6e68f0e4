"""Demo data: an account with three months of history."""
