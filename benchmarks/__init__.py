"""Benchmarks of the SDK: run `python -m benchmarks` from the root of the repository.

Every figure is a ratio to a peer or an absolute cost. The contestants of a suite take turns in one
process of its own, and each figure is a median.
"""
