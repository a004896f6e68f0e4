"""What is wrong in a spec, in one line that says where and what to do."""

from __future__ import annotations


class SpecError(Exception):
    """One problem in one spec file.

    Args:
        file: Path of the spec as the maintainer knows it, such as `specs/serverless.yaml`.
        line: Line in that file, counted from 1.
        problem: What is wrong and what to do, without a final line break.
    """

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(file, line, problem)
        self.file = file
        self.line = line
        self.problem = problem

    def __str__(self) -> str:
        return one_line(f"{self.file}:{self.line}: {self.problem}")


class SpecErrors(Exception):  # noqa: N818  # not one error, but several `SpecError`
    """Every problem that one run found, so that one run is enough to mend them all."""

    def __init__(self, errors: list[SpecError]) -> None:
        super().__init__(errors)
        self.errors = errors

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def one_line(text: str) -> str:
    """Fold white space and escape control characters, so that a report line stays one line."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.split()))
