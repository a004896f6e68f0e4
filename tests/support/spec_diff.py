"""Comparison of specs that a test writes as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensormesh_codegen import diff
from tensormesh_codegen.diff.report import Report
from tensormesh_codegen.loading import Document


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Report:
    """Compare two versions, each a mapping from file names to documents."""
    return diff.compare(*(documents(version) for version in (old, new)))


def documents(version: Mapping[str, Any]) -> dict[str, Document]:
    return {name: Document(name, name, data) for name, data in version.items()}
