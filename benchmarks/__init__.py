"""Benchmarks of the SDK: `python -m benchmarks`, from the root of the repository.

Every figure is a ratio to a peer, or an absolute cost, taken side by side in one run: the
contestants take turns, each suite has a process of its own, and medians are shown.
"""
