"""Comparison of two versions of the specs: what changed, and whether it breaks callers."""

from __future__ import annotations

from collections.abc import Mapping

from tensormesh_codegen.errors import CodegenError
from tensormesh_codegen.loading import Document

from .documents import Spec
from .hosts import HostComparison
from .ledger import Ledger
from .report import Report
from .sources import load

__all__ = ["compare", "load"]


def compare(old: Mapping[str, Document], new: Mapping[str, Document]) -> Report:
    """Compare two versions of OpenAPI 3.1 documents.

    Args:
        old: Documents before, by name. Those with paths are compared; the others hold components
            that these refer to.
        new: Documents after.

    Raises:
        CodegenError: A `$ref` is dangling, or a value has the wrong type.
    """
    ledger = Ledger()
    try:
        HostComparison(Spec(old), Spec(new), ledger).compare()
    except RecursionError:
        raise CodegenError("the schemas are nested too deeply to be compared") from None
    return Report(ledger.changes())
