"""Text completions of the built-in host."""

from __future__ import annotations

from typing import Any

from support.cases import for_each
from support.checked_client import CheckedClient

MODEL = "tm-local-chat"


def _complete(client: CheckedClient, prompt: Any, **fields: Any) -> dict[str, Any]:
    body = {"model": MODEL, "prompt": prompt, **fields}
    response = client.call("create_completion", body)
    assert response.status_code == 200, response.text
    return dict(response.json())


def _texts(answer: dict[str, Any]) -> list[str]:
    return [choice["text"] for choice in answer["choices"]]


def _tokenize(client: CheckedClient, prompt: str, **fields: Any) -> list[int]:
    body = {"model": MODEL, "prompt": prompt, **fields}
    return list(client.call("create_tokenization", body).json()["tokens"])


def test_a_prompt_is_answered_or_continued(client: CheckedClient) -> None:
    assert _texts(_complete(client, "Reply with ok.")) == ["ok"]
    assert _texts(_complete(client, "Once upon a time"))[0].startswith(" ")


def test_sixteen_tokens_are_the_limit_unless_another_is_given(client: CheckedClient) -> None:
    answer = _complete(client, "Once upon a time", ignore_eos=True)
    assert answer["usage"]["completion_tokens"] == 16
    assert answer["choices"][0]["finish_reason"] == "length"
    longer = _complete(client, "Once upon a time", ignore_eos=True, max_tokens=40)
    assert longer["usage"]["completion_tokens"] == 40


def test_all_forms_of_a_prompt_mean_the_same(client: CheckedClient) -> None:
    ids = _tokenize(client, "Reply with ok.")
    for prompt in ("Reply with ok.", ["Reply with ok."], ids, [ids]):
        answer = _complete(client, prompt)
        assert _texts(answer) == ["ok"]
        assert answer["usage"]["prompt_tokens"] == len(ids)


def test_each_of_several_prompts_gets_its_choices(client: CheckedClient) -> None:
    answer = _complete(client, ["Reply with yes.", "Reply with no."], n=2)
    assert _texts(answer) == ["yes", "yes", "no", "no"]
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2, 3]
    tokens = len(_tokenize(client, "Reply with yes.")) + len(_tokenize(client, "Reply with no."))
    assert answer["usage"]["prompt_tokens"] == tokens


def test_special_tokens_can_be_left_out(client: CheckedClient) -> None:
    answer = _complete(client, "Reply with ok.", add_special_tokens=False)
    tokens = _tokenize(client, "Reply with ok.", add_special_tokens=False)
    assert answer["usage"]["prompt_tokens"] == len(tokens)


def test_an_echo_repeats_the_prompt(client: CheckedClient) -> None:
    assert _texts(_complete(client, "Reply with ok.", echo=True)) == ["Reply with ok.ok"]
    only = _complete(client, "Reply with ok.", echo=True, max_tokens=0)
    assert _texts(only) == ["Reply with ok."]
    assert only["usage"]["completion_tokens"] == 0


def test_log_probabilities_follow_the_text(client: CheckedClient) -> None:
    answer = _complete(client, "Once upon a time", max_tokens=5, echo=True, logprobs=2)
    (choice,) = answer["choices"]
    logprobs = choice["logprobs"]
    prompt_tokens = answer["usage"]["prompt_tokens"]
    assert {len(values) for values in logprobs.values()} == {prompt_tokens + 5}
    assert logprobs["token_logprobs"][0] is None
    for offset, token in list(zip(logprobs["text_offset"], logprobs["tokens"], strict=True))[1:]:
        assert choice["text"].startswith(token, offset)
    assert all(len(top) == 2 for top in logprobs["top_logprobs"][1:])
    assert len(choice["prompt_logprobs"]) == prompt_tokens


def test_without_likely_tokens_each_token_is_listed_by_itself(client: CheckedClient) -> None:
    (choice,) = _complete(client, "Once", max_tokens=3, logprobs=0)["choices"]
    for token, logprob, top in zip(
        *(choice["logprobs"][name] for name in ("tokens", "token_logprobs", "top_logprobs")),
        strict=True,
    ):
        assert top == {token: logprob}


def test_a_stream_adds_up_to_the_answer(client: CheckedClient) -> None:
    fields: dict[str, Any] = {"max_tokens": 12, "echo": True, "n": 2, "logprobs": 1, "seed": 4}
    whole = _complete(client, "Tea is", **fields)
    body = {"model": MODEL, "prompt": "Tea is", "stream": True, **fields}
    chunks = client.events("create_completion", body)
    for choice in whole["choices"]:
        parts = [
            part
            for chunk in chunks
            for part in chunk["choices"]
            if part["index"] == choice["index"]
        ]
        assert "".join(part["text"] for part in parts) == choice["text"]
        assert parts[-1]["finish_reason"] == choice["finish_reason"]
        offsets = [offset for part in parts for offset in part["logprobs"]["text_offset"]]
        assert offsets == choice["logprobs"]["text_offset"]


def test_a_stream_reports_usage_when_asked(client: CheckedClient) -> None:
    body = {
        "model": MODEL,
        "prompt": "Reply with ok.",
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    }
    chunks = client.events("create_completion", body)
    assert [chunk["usage"]["completion_tokens"] for chunk in chunks] == [1, 2, 2]
    assert chunks[-1]["choices"] == []


def test_token_ids_are_returned_when_asked(client: CheckedClient) -> None:
    (choice,) = _complete(client, "Reply with ok.", return_token_ids=True)["choices"]
    assert choice["prompt_token_ids"] == _tokenize(client, "Reply with ok.")
    assert choice["token_ids"][:-1] == _tokenize(client, "ok", add_special_tokens=False)


def test_a_schema_is_met(client: CheckedClient) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"const": [1]}}}
    assert _texts(_complete(client, "x", response_format=form)) == ["[1]"]


def test_a_prompt_can_be_shortened(client: CheckedClient) -> None:
    for side, text in (("left", "ok."), ("right", "Reply")):
        answer = _complete(
            client,
            "Reply with ok.",
            add_special_tokens=False,
            truncate_prompt_tokens=len(_tokenize(client, text, add_special_tokens=False)),
            truncation_side=side,
            echo=True,
            max_tokens=0,
        )
        assert _texts(answer)[0].strip() == text


@for_each(
    ("fields", "param"),
    [
        ({"prompt": ""}, "body.prompt"),
        ({"prompt": []}, "body.prompt"),
        ({"prompt": ["a", ""]}, "prompt"),
        ({"prompt": [10**6]}, "prompt"),
        ({"prompt": 5}, "body.prompt"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "body.max_tokens"),
        ({"logprobs": 21}, "logprobs"),
        ({"stream_options": {}}, "stream_options"),
    ],
    ids=str,
)
def test_a_request_that_makes_no_sense_is_refused(
    client: CheckedClient, fields: dict[str, Any], param: str
) -> None:
    error = client.refusal("create_completion", {"model": MODEL, "prompt": "x", **fields})
    assert error["param"] == param
