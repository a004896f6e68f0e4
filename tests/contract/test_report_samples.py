"""Samples hold nobody's data, keep their shape, and are judged without any network."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.cases import for_each
from support.contract_exchanges import Exchange, operations_of
from support.contract_replay import sdk_problems, spec_problems
from support.contract_samples import MOST_SAMPLES, Recorder, read_samples
from support.contract_sanitizer import Sanitizer
from support.control_plane_examples import answer_examples
from support.sdk_samples import CHAT, chunk, sse

KEY = "ak-known-to-this-test-alone"
PERSON = "6d0c9a3e-59a1-4f0b-8b57-2f6f0f1f4c11"
EMAIL = "ann.other@somewhere.example"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"
UNIQUE = [KEY, PERSON, EMAIL, JWT, "Ann Other", "+41 44 555 01 23", "990017734521"]


def sample(body: Any, operation_id: str = "create_chat_completion", **parts: Any) -> Exchange:
    text = body if isinstance(body, str) else json.dumps(body)
    plain = Exchange("serverless", operation_id, {}, None, 200, "application/json", text)
    return replace(plain, **parts)


def clean(body: Any, **parts: Any) -> Any:
    return json.loads(Sanitizer([KEY]).clean(sample(body, **parts)).text)


@for_each("text", UNIQUE)
@for_each("around", ["{}", "Bearer {}", "https://host.example/{}?a=b", "'{}' is not found", "{}\n"])
def test_nothing_of_a_text_that_tells_of_somebody_stays(text: str, around: str) -> None:
    whole = around.format(text)
    body = {"id": whole, "deep": [{"x": whole}], whole: 1, "error": {"message": whole}}
    asked = sample(body, query={"userId": whole}, request={"model": whole, "messages": [whole]})
    for answer in (
        asked,
        replace(asked, text=sse(body).decode(), media_type="text/event-stream"),
        replace(asked, text=f"<p>{whole}</p>", media_type=whole),
    ):
        kept = json.dumps(Sanitizer([KEY]).clean(answer).__dict__)
        assert text not in kept
        assert json.dumps(text)[1:-1] not in kept


@pytest.mark.parametrize(
    "value",
    [
        {"object": "chat.completion", "finish_reason": "stop", "role": "assistant"},
        {"created": 1700000000, "index": 0, "usage": {"total_tokens": 5}},
        {"createdAt": "2026-05-20T08:00:00Z", "amount": "12.50", "day": "2026-05-20"},
        {"flag": True, "nothing": None, "empty": "", "list": [], "ratio": 0.25},
    ],
)
def test_what_is_public_or_a_measure_stays(value: Any) -> None:
    assert clean(value) == value


def test_kinds_of_texts_keep_their_kind() -> None:
    kept = clean({"a": PERSON, "b": EMAIL, "c": "https://x.example/y", "d": "990017734521"})
    assert re.fullmatch(r"00000000-0000-4000-8000-\d{12}", kept["a"])
    assert kept["b"].endswith("@example.com")
    assert kept["c"].startswith("https://example.com/")
    assert kept["d"].isdigit()


def test_number_that_is_an_id_is_replaced() -> None:
    kept = clean({"id": 44091, "customerId": 44091, "user_id": 7, "index": 44091})
    assert kept["index"] == 44091
    assert kept["id"] == kept["customerId"] != 44091
    assert kept["user_id"] != 7


def test_same_text_gets_the_same_placeholder_in_all_samples() -> None:
    sanitizer = Sanitizer()
    first, second = (json.loads(sanitizer.clean(sample({"id": PERSON})).text) for _ in "ab")
    other = json.loads(sanitizer.clean(sample({"id": EMAIL})).text)
    assert first == second != other


def test_secret_does_not_stay_even_if_the_specs_have_it() -> None:
    text = Sanitizer(["assistant"]).clean(sample({"role": "assistant", "assistant": 1})).text
    assert "assistant" not in text


def test_short_secret_does_not_hide_every_text_that_has_its_letters() -> None:
    kept = Sanitizer(["a"]).clean(sample({"role": "assistant", "content": "a"}))
    assert json.loads(kept.text)["role"] == "assistant"
    assert json.loads(kept.text)["content"] != "a"


def test_stream_keeps_its_events_and_end_mark() -> None:
    text = sse(chunk("Ann"), chunk(" Other"), chunk(finish_reason="stop")).decode()
    stream = sample(text, media_type="text/event-stream")
    kept = Sanitizer().clean(stream)
    assert len(kept.bodies()) == 3
    assert kept.text.endswith("data: [DONE]\n\n")
    assert "Ann" not in kept.text


def test_recorder_keeps_each_kind_once_and_few_of_them(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "new", [KEY])
    for _ in range(3):
        recorder.observe(sample(CHAT))
    for number in range(20):
        recorder.observe(sample({**CHAT, "created": number}))
        recorder.observe(sample({"error": str(number)}, status=400))
    names = [path.name for path in (tmp_path / "new").iterdir()]
    assert len(names) == 2 * MOST_SAMPLES
    assert "serverless.create_chat_completion.400.1.json" in names


def test_recorded_samples_can_be_read_and_pass(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    stream = sse(chunk("Hello"), chunk(finish_reason="stop")).decode()
    recorder.observe(sample(CHAT))
    recorder.observe(sample(stream, media_type="text/event-stream"))
    recorder.observe(sample({"error": "Unauthorized"}, status=401))
    recorder.observe(sample("", operation_id="get_health", media_type=""))
    for name in operations_of("control_plane"):
        for answer in answer_examples(name).values():
            recorder.observe(sample(answer, operation_id=name, host="control_plane"))
    found = read_samples(tmp_path)
    assert len(found) > 50
    for name, each in found.items():
        assert (name, spec_problems(each), sdk_problems(each)) == (name, [], [])


@for_each(
    ("body", "parts", "problem"),
    [
        ({**CHAT, "id": 7}, {}, "$.id"),
        ({"error": "gone"}, {"status": 410}, "410"),
        ("<html>", {"media_type": "text/html"}, "text/html"),
        ("{", {}, "no JSON"),
        ("data: {}\n\n", {"media_type": "text/event-stream"}, "required"),
    ],
)
def test_sample_that_differs_from_the_specs_is_told(
    body: Any, parts: dict[str, Any], problem: str
) -> None:
    assert problem in "\n".join(spec_problems(sample(body, **parts)))


def test_sample_that_the_sdk_would_change_is_told() -> None:
    # A stream that ends before its end mark is an error to the SDK, not a shorter answer.
    cut = sample(sse(chunk("Hello"), done=False).decode(), media_type="text/event-stream")
    with pytest.raises(Exception, match="end"):
        sdk_problems(cut)


@for_each("content", [None, "{}", "[]", "not JSON", '{"host": "serverless"}'])
def test_folder_without_samples_is_told_in_a_sentence(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "one.json").write_text(content)
    with pytest.raises(ValueError, match=re.escape(str(tmp_path))):
        read_samples(tmp_path)
