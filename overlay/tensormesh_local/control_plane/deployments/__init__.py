"""Deployed models and reserved GPUs."""
