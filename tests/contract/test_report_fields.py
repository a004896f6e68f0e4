"""The report counts what a host's answers have, lack and add, and tells nobody's data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.cases import for_each
from support.contract_exchanges import Exchange, operations_of
from support.contract_fields import OTHER_NAMES
from support.contract_report import Report
from support.control_plane_examples import answer_examples
from support.sdk_samples import CHAT, MODELS, sse
from support.wire_records import read_record, record_names

Row = dict[str, Any]


def exchange(operation_id: str, body: Any, status: int = 200, **parts: Any) -> Exchange:
    settings: Row = {"host": "serverless", "query": {}, "request": None, "status": status}
    text = body if isinstance(body, str) else json.dumps(body)
    return Exchange(
        **{
            **settings,
            "operation_id": operation_id,
            "media_type": "application/json",
            "text": text,
            **parts,
        }
    )


def rows(*exchanges: Exchange) -> dict[str, Row]:
    """Each field of the one operation that was asked, by its answer and path."""
    report = Report([exchanges[0].host])
    for each in exchanges:
        report.observe(each)
    operation = told(report, exchanges[0].operation_id)
    return {f"{row['answer']} {row['path']}": row for row in operation["fields"]}


def told(report: Report, operation_id: str) -> dict[str, Any]:
    found = report.to_json()["operations"]
    operation: dict[str, Any] = next(each for each in found if each["operation"] == operation_id)
    return operation


def chat(**changes: Any) -> Exchange:
    return exchange("create_chat_completion", {**CHAT, **changes})


def test_field_that_comes_as_declared_is_matched_each_time() -> None:
    found = rows(chat(), chat())
    for path in ("id", "choices", "choices[].message.content", "usage.total_tokens"):
        row = found[f"200 {path}"]
        assert (row["state"], row["seen"], row["matched"]) == ("matched", 2, 2), path


def test_field_that_never_came_is_unseen() -> None:
    row = rows(chat())["200 choices[].message.tool_calls[].function.name"]
    assert (row["state"], row["seen"]) == ("unseen", 0)


@pytest.mark.parametrize("value", [7, None, ["x"]])
def test_field_of_a_wrong_type_is_mismatched_and_told_by_its_type(value: Any) -> None:
    row = rows(chat(), chat(id=value))["200 id"]
    assert (row["state"], row["seen"], row["matched"]) == ("mismatched", 2, 1)
    (problem,) = row["problems"]
    assert problem.startswith("string expected, ")


def test_wrong_field_inside_does_not_blame_what_it_is_in() -> None:
    choice = {**CHAT["choices"][0], "index": "first"}
    found = rows(chat(choices=[choice]))
    assert found["200 choices[].index"]["state"] == "mismatched"
    assert found["200 choices"]["state"] == found["200 (body)"]["state"] == "matched"


def test_required_field_that_is_absent_is_missing() -> None:
    row = rows(exchange("list_models", {"object": "list"}))["200 data"]
    assert (row["state"], row["missing"], row["required"]) == ("missing", 1, True)


def test_field_that_no_schema_has_is_unexpected_and_told_by_its_type() -> None:
    found = rows(chat(secret_sauce="tomato"))
    row = found["200 secret_sauce"]
    assert (row["state"], row["unexpected"], row["provenance"]) == ("unexpected", 1, None)
    assert "tomato" not in json.dumps(found)
    assert row["problems"] == {"not in the specs: string": 1}


@for_each(
    "name", ["ann@example.org", "6d0c9a3e-59a1-4f0b-8b57-2f6f0f1f4c11", "key_8842971", "a b", ""]
)
def test_name_that_may_tell_of_somebody_is_not_told(name: str) -> None:
    found = rows(chat(**{name: 1}))
    assert found[f"200 {OTHER_NAMES}"]["unexpected"] == 1
    assert not name or name not in json.dumps(found)


def test_answer_that_is_no_json_is_a_mismatch_of_the_body() -> None:
    row = rows(exchange("list_models", "<html>", media_type="text/html"))["200 (body)"]
    assert row["problems"] == {"not JSON": 1}
    assert row["state"] == "mismatched"


def test_status_that_is_not_declared_is_told() -> None:
    report = Report(["serverless"])
    report.observe(exchange("list_models", {"error": "gone"}, 410))
    assert told(report, "list_models")["answers"] == {"410": {"count": 1, "declared": False}}
    assert "1 x 410 (undeclared)" in "\n".join(report.to_text())
    assert told(report, "list_models")["state"] == "differs"


def test_events_of_a_stream_are_judged_one_by_one() -> None:
    good = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}
    text = sse(good, {**good, "created": "now"}).decode()
    found = rows(exchange("create_chat_completion", text, media_type="text/event-stream"))
    row = found["200 events created"]
    assert (row["seen"], row["matched"]) == (2, 1)


def test_empty_answer_is_none_where_the_specs_say_what_it_means() -> None:
    report = Report(["serverless"])
    report.observe(exchange("get_health", "", media_type=""))
    assert told(report, "get_health")["state"] == "matched"


def test_state_of_an_operation_is_what_has_to_be_known() -> None:
    report = Report(["serverless"])
    report.observe(exchange("list_models", MODELS))
    report.observe(exchange("get_version", {"error": "Unauthorized"}, 401))
    report.observe(chat(another=1))
    states = {each["operation"]: each["state"] for each in report.to_json()["operations"]}
    assert states["list_models"] == "matched"
    assert states["get_version"] == "refused"
    assert states["create_chat_completion"] == "differs"
    assert states["create_response"] == "unseen"


def test_inferred_operations_are_told_apart() -> None:
    report = Report(["control_plane"])
    inferred = {
        name
        for name, (_, _, operation) in operations_of("control_plane").items()
        if operation["x-tm-provenance"] == "inferred"
    }
    found = report.to_json()
    by_mark = {
        each["operation"] for each in found["operations"] if each["provenance"] == "inferred"
    }
    assert by_mark == inferred != set()
    totals = found["totals"]
    assert totals["inferred"]["operations"] == {"unseen": len(inferred)}
    everything = len(operations_of("control_plane"))
    assert totals["known"]["operations"] == {"unseen": everything - len(inferred)}
    known, separate = "\n".join(report.to_text()).split("Inferred operations:")
    assert "DELETE /v1/users/api-keys/{apiKeyId}" in separate
    assert "DELETE /v1/users/api-keys/{apiKeyId}" not in known


def test_inferred_field_of_a_known_operation_is_told_apart() -> None:
    answer = next(iter(answer_examples("create_user_api_key").values()))
    answer = {**answer, "apiKey": {**answer["apiKey"], "secret": 7}}
    asked = exchange("create_user_api_key", answer, host="control_plane")
    row = rows(asked)["200 apiKey.secret"]
    assert (row["provenance"], row["state"]) == ("inferred", "mismatched")
    report = Report(["control_plane"])
    report.observe(asked)
    assert "mismatched: 200 apiKey.secret (inferred)" in "\n".join(report.to_text())


def test_every_example_of_the_control_plane_is_matched_and_nothing_else() -> None:
    report = Report(["control_plane"])
    for name in operations_of("control_plane"):
        for answer in answer_examples(name).values():
            report.observe(exchange(name, answer, host="control_plane"))
    assert {each["state"] for each in report.to_json()["operations"]} == {"matched"}


def test_what_a_real_server_answered_is_never_mismatched_nor_missing() -> None:
    report = Report(["serverless"])
    by_route = {
        (method, path): name for name, (method, path, _) in operations_of("serverless").items()
    }
    count = 0
    for name in record_names():
        record = read_record(name)
        operation_id = by_route.get((record.method, record.path))
        if operation_id:
            media_type = record.headers.get("content-type", "").partition(";")[0]
            text = record.body.decode()
            asked = exchange(operation_id, text, record.status, media_type=media_type)
            report.observe(asked)
            count += 1
    assert count > 40
    totals = report.to_json()["totals"]["known"]["fields"]
    assert (totals["mismatched"], totals["missing"]) == (0, 0)
    assert totals["matched"] > 300
