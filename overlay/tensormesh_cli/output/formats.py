"""Data as JSON and YAML, for programs."""

from __future__ import annotations

import json


def to_json(data: object, *, ascii_only: bool) -> str:
    """Return data as indented JSON, with keys in their order and a line end."""
    return json.dumps(data, indent=2, ensure_ascii=ascii_only, default=str) + "\n"


def to_json_line(data: object, *, ascii_only: bool) -> str:
    """Return data as JSON on one line, with a line end."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=ascii_only, default=str) + "\n"


def to_yaml(data: object, *, ascii_only: bool) -> str:
    """Return data as YAML in block style, with a line end."""
    import yaml

    # Through JSON first, to turn other types into text and shared objects into copies.
    plain = json.loads(json.dumps(data, default=str))
    text: str = yaml.safe_dump(
        plain, sort_keys=False, allow_unicode=not ascii_only, width=1_000_000
    )
    # YAML marks the end of a document that is a single scalar.
    return text.removesuffix("...\n")
