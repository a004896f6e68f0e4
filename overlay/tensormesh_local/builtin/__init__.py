"""The built-in language model: deterministic answers from rules, with no weights."""
