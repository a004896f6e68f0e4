"""YAML, for programs."""

from __future__ import annotations

import json

import yaml


def dump(data: object, *, ascii_only: bool) -> str:
    """Data as one YAML document, keys in their order."""
    # The way through JSON makes plain data of it, and copies of what is in it twice.
    data = json.loads(json.dumps(data, default=str))
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=not ascii_only, width=1_000_000)
    # A scalar alone gets an end mark, which is of use only between documents.
    return text.removesuffix("...\n")
