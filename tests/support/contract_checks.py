"""Checks of an answer beyond status, media type and schema, in the form that Schemathesis takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemathesis import Case, CheckContext, Response
from support.contract_schemas import EVENT_STREAM, host_of
from support.contract_streams import stream_problems
from support.inference_specs import HOSTS, Json


def answers_as_asked(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """A stream where one was asked for, whole and in order; JSON that adds up elsewhere."""
    if response.status_code != 200 or case.method != "POST" or host_of(case) not in HOSTS:
        return
    problems = list(_answer_problems(response, case))
    assert not problems, "\n".join(problems)


def _answer_problems(response: Response, case: Case[Any]) -> Iterator[str]:
    request: Json = case.body
    media_type = response.headers["content-type"][0].partition(";")[0]
    expected = EVENT_STREAM if request.get("stream") else "application/json"
    if media_type != expected:
        yield f"the answer is {media_type}, not {expected}"
    elif media_type == EVENT_STREAM:
        yield from stream_problems(host_of(case), case.path, response.content.decode())
    elif "choices" in (answer := response.json()):
        yield from _choice_problems(case.path, request, answer)
    elif case.path == "/v1/responses":
        limit = request.get("max_output_tokens")
        if limit is not None and answer["usage"]["output_tokens"] > limit:
            yield f"there are more than {limit} tokens"
    elif case.path == "/tokenize" and answer.get("count") != len(answer["tokens"]):
        yield f"the count is {answer.get('count')} for {len(answer['tokens'])} tokens"


def _choice_problems(path: str, request: Json, answer: Json) -> Iterator[str]:
    prompts = 1
    if path == "/v1/completions" and isinstance(request["prompt"], list):
        many = isinstance(request["prompt"][0], (str, list))
        prompts = len(request["prompt"]) if many else 1
    wanted = prompts * int(request.get("n") or 1)
    indexes = [choice["index"] for choice in answer["choices"]]
    if indexes != list(range(wanted)):
        yield f"the choices are {indexes}, not {wanted} from 0"
    usage = answer["usage"]
    if usage["total_tokens"] != usage["prompt_tokens"] + usage["completion_tokens"]:
        yield f"the token counts do not add up: {usage}"
    limit = request.get("max_completion_tokens") or request.get("max_tokens")
    if limit is not None and usage["completion_tokens"] > limit * wanted:
        yield f"there are more than {limit} tokens a choice"
