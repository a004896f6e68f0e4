"""The ``diff`` command: read two versions, compare them, print the report."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from tensormesh_codegen.errors import one_line

from .documents import DiffError, Document, Spec
from .hosts import HostComparison
from .ledger import Ledger
from .report import Report
from .sources import load


def compare(old: Mapping[str, Document], new: Mapping[str, Document]) -> Report:
    """Compare two versions of OpenAPI 3.1 documents.

    Args:
        old: The documents before, parsed, by file name. Those with ``paths`` are compared; the
            others are there to be referred to, as in ``inference.yaml#/components/schemas/X``.
        new: The documents after.

    Returns:
        Every change, classed.

    Raises:
        DiffError: A ``$ref`` names nothing, or a value is not of the kind that OpenAPI asks for.
    """
    ledger = Ledger()
    try:
        HostComparison(Spec(old), Spec(new), ledger).compare()
    except RecursionError:
        raise DiffError("the schemas nest too deeply to be compared") from None
    return Report(ledger.changes())


def run(
    old_ref: str,
    new_ref: str,
    *,
    root: Path,
    as_json: bool,
    fail_on: str | None,
    out: TextIO,
    err: TextIO,
) -> int:
    """Compare what two references name and print the report.

    Args:
        old_ref: The version before: a directory, a YAML file, a git revision (its ``specs/``), or
            ``REVISION:PATH``.
        new_ref: The version after, likewise.
        root: The project's directory; a revision's paths are relative to it.
        as_json: Print :meth:`Report.to_json` instead of text.
        fail_on: ``"breaking"`` to end with status 1 when there is a breaking change.
        out: Where the report goes; with colours when it is a terminal and NO_COLOR is not set.
        err: Where a usage problem goes, as one line.

    Returns:
        The exit status: 0; 1 when ``fail_on`` asks for it; 2 when a version cannot be read.
    """
    try:
        if fail_on not in (None, "breaking"):
            raise DiffError(f"--fail-on takes 'breaking', not {fail_on!r}")
        report = compare(load(old_ref, root), load(new_ref, root))
    except DiffError as error:
        print(f"diff: {one_line(str(error))}", file=err)
        return 2
    if as_json:
        json.dump(report.to_json(), out, indent=2)
        out.write("\n")
    else:
        out.write(report.to_text(colour=out.isatty() and not os.environ.get("NO_COLOR")))
    return 1 if fail_on and report.bump == "major" else 0
