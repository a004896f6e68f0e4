"""Functions that a model calls: what `run` is made of."""
