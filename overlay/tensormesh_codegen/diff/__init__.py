"""Comparing two versions of the OpenAPI definitions: what changed, and whom it breaks."""

from .command import compare, run
from .documents import DiffError, Document
from .report import JSON_VERSION, Change, Report
from .rules import RULES, Direction, Rule, Severity

__all__ = [
    "JSON_VERSION",
    "RULES",
    "Change",
    "DiffError",
    "Direction",
    "Document",
    "Report",
    "Rule",
    "Severity",
    "compare",
    "run",
]
