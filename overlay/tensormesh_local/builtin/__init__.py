"""The built-in language model: deterministic answers by rules, without weights."""
