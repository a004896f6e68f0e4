"""What a run of the contract suite tells of the specs: seen, matched, missing and unexpected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from support.contract_exchanges import Exchange, answer_of, operations_of, whole_document
from support.contract_fields import INFERRED, FieldCount, Fields
from support.inference_specs import Json

JSON = "application/json"
STATES = ("matched", "mismatched", "missing", "unexpected", "unseen")
# What a reader has to act on; the rest is counted.
TELLING = ("mismatched", "missing", "unexpected")


@dataclass
class Answer:
    """All answers of one operation with one status and one media type."""

    is_declared: bool
    fields: Fields | None
    count: int = 0


@dataclass
class Operation:
    """One operation and its answers, by status and, for a stream, the word `events`."""

    host: str
    operation_id: str
    method: str
    path: str
    provenance: str
    answers: dict[str, Answer] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        return sum(answer.count for answer in self.answers.values())

    @property
    def state(self) -> str:
        """`unseen`, `refused` if no answer was a good one, `differs`, or `matched`."""
        if not self.calls:
            return "unseen"
        answers = [answer for answer in self.answers.values() if answer.count]
        if not all(answer.is_declared for answer in answers) or any(
            count.state in TELLING for _, _, count in self.rows()
        ):
            return "differs"
        is_good = any(name.startswith("2") and each.count for name, each in self.answers.items())
        return "matched" if is_good else "refused"

    def rows(self) -> Iterator[tuple[str, str, FieldCount]]:
        """Each field: the answer that it is in, its path and its counts."""
        for name, answer in self.answers.items():
            for path, count in (answer.fields.counts if answer.fields else {}).items():
                yield name, path, count


class Report:
    """Compares answers with the specs of some hosts.

    Args:
        hosts: Whose operations are to be reported, seen or not.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._operations = {
            (host, name): Operation(
                host, name, method, path, definition.get("x-tm-provenance", "documented")
            )
            for host in hosts
            for name, (method, path, definition) in operations_of(host).items()
        }
        for operation in self._operations.values():
            # What is promised for the good case is told of even if it never came.
            for media_type in _media(operation, 200):
                self._answer(operation, 200, media_type)

    def observe(self, exchange: Exchange) -> None:
        """Count one exchange."""
        operation = self._operations[exchange.host, exchange.operation_id]
        answer = self._answer(operation, exchange.status, exchange.media_type)
        answer.count += 1
        _, declared = answer_of(exchange.host, exchange.operation_id, exchange.status)
        if answer.fields is None or (not exchange.text and "x-tm-empty" in declared):
            return
        try:
            bodies = exchange.bodies()
        except ValueError:
            answer.fields.refuse("not JSON")
            return
        for body in bodies:
            answer.fields.observe(body)

    def to_json(self) -> dict[str, Any]:
        """All that is known, for programs."""
        found = list(self._operations.values())
        return {
            "operations": [_operation_json(operation) for operation in found],
            "totals": {
                name: {
                    "operations": Counter(each.state for each in group),
                    "fields": {
                        state: sum(
                            count.state == state and (count.provenance == INFERRED) == is_inferred
                            for each in found
                            for _, _, count in each.rows()
                        )
                        for state in STATES
                    },
                }
                for name, is_inferred in (("known", False), ("inferred", True))
                for group in [[e for e in found if (e.provenance == INFERRED) == is_inferred]]
            },
        }

    def to_text(self) -> list[str]:
        """The lines that a person wants to read: one an operation, then what differs."""
        lines = []
        for is_inferred in (False, True):
            group = [
                each
                for each in self._operations.values()
                if (each.provenance == INFERRED) == is_inferred
            ]
            if group:
                lines.append("Inferred operations:" if is_inferred else "Known operations:")
                lines += [line for each in group for line in _operation_lines(each)]
        for name, total in self.to_json()["totals"].items():
            counts = ", ".join(f"{count} {state}" for state, count in total["fields"].items())
            lines.append(f"Fields, {name}: {counts}")
        return lines

    def _answer(self, operation: Operation, status: int, media_type: str) -> Answer:
        is_stream = media_type == "text/event-stream"
        name = f"{status} events" if is_stream else str(status)
        if name not in operation.answers:
            declared_as, _ = answer_of(operation.host, operation.operation_id, status)
            content = _media(operation, status)
            schema = content.get(media_type if is_stream else JSON, {}).get("schema")
            operation.answers[name] = Answer(
                is_declared=declared_as is not None,
                fields=None
                if schema is None
                else Fields(whole_document(operation.host), schema, operation.provenance),
            )
        return operation.answers[name]


def _media(operation: Operation, status: int) -> Json:
    return answer_of(operation.host, operation.operation_id, status)[1].get("content", {})


def _operation_json(operation: Operation) -> dict[str, Any]:
    return {
        "host": operation.host,
        "operation": operation.operation_id,
        "method": operation.method,
        "path": operation.path,
        "provenance": operation.provenance,
        "state": operation.state,
        "answers": {
            name: {"count": answer.count, "declared": answer.is_declared}
            for name, answer in operation.answers.items()
            if answer.count
        },
        "fields": [
            {
                "answer": name,
                "path": path,
                "state": count.state,
                "provenance": count.provenance,
                "required": count.required,
                "seen": count.seen,
                "matched": count.matched,
                "missing": count.missing,
                "unexpected": count.unexpected,
                "problems": dict(count.problems),
            }
            for name, path, count in operation.rows()
        ],
    }


def _operation_lines(operation: Operation) -> Iterator[str]:
    answers = ", ".join(
        f"{answer.count} x {name}{'' if answer.is_declared else ' (undeclared)'}"
        for name, answer in operation.answers.items()
        if answer.count
    )
    label = f"{operation.host} {operation.method} {operation.path}"
    counts = Counter(count.state for _, _, count in operation.rows())
    fields = f"; fields: {counts['matched']} matched, {counts['unseen']} unseen" if answers else ""
    yield f"  {operation.state:<8} {label}  {answers or 'not called'}{fields}"
    for name, path, count in operation.rows():
        if count.state in TELLING:
            yield f"    {count.state}: {name} {path}{_detail(count)}"


def _detail(count: FieldCount) -> str:
    mark = " (inferred)" if count.provenance == INFERRED else ""
    numbers = (
        f"{count.unexpected} times"
        if count.unexpected
        else f"seen {count.seen}, matched {count.matched}, missing {count.missing}"
    )
    return "; ".join([f"{mark}: {numbers}", *count.problems])
