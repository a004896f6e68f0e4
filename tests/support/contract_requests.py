"""Makes a request that fits the schemas keep what the specs say in words, and cheap to answer.

No schema says that `stream_options` needs `stream`, or that `model` must be served here. A request
that breaks such a rule may be refused, so it is mended before it is sent as a valid one.
"""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]

MOST_TOKENS = 8
MOST_CHOICES = 2
MOST_LOGPROBS = 3
MOST_ITEMS = 3
# A vocabulary may be small; the ids below this are single bytes or words in any.
TOKEN_IDS = 256
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def mend(path: str, body: Body, model: str) -> None:
    """Mend a body for the POST operation at a path, in place."""
    body["model"] = model
    match path:
        case "/v1/chat/completions":
            _mend_chat(body)
        case "/v1/completions":
            _mend_completion(body)
        case "/v1/responses":
            _mend_response(body)
        case "/tokenize":
            _mend_conversation(body)
        case "/detokenize":
            body["tokens"] = _known_tokens(body["tokens"])


def focus(body: Body, model: str) -> None:
    """See to it that an invalid body is refused for what is wrong with it, not for its model, and
    that it costs little where it is not refused.
    """
    if isinstance(body.get("model"), str):
        body["model"] = model
    for name in LIMITS:
        if isinstance(body.get(name), int):
            body[name] = min(body[name], MOST_TOKENS)


def _mend_chat(body: Body) -> None:
    _cap(body, "max_completion_tokens", MOST_TOKENS)
    _cap(body, "max_tokens", MOST_TOKENS, unset=MOST_TOKENS)
    _mend_generation(body)
    _mend_conversation(body)
    _cap(body, "top_logprobs", MOST_LOGPROBS)
    if not body.get("logprobs"):
        body.pop("top_logprobs", None)
    names = [tool["function"]["name"] for tool in body.get("tools") or ()]
    choice = body.get("tool_choice")
    if not names:
        body.pop("tool_choice", None)
    elif isinstance(choice, dict):
        choice["function"]["name"] = names[0]
    form = body.get("response_format")
    if form:
        if form["type"] == "structural_tag":
            form["type"] = "text"
        if form["type"] == "json_schema":
            form["json_schema"] = {"name": "place", "schema": SCHEMA}


def _mend_completion(body: Body) -> None:
    _cap(body, "max_tokens", MOST_TOKENS, unset=MOST_TOKENS)
    if not body.get("echo"):
        body["max_tokens"] = max(body["max_tokens"], 1)
    _mend_generation(body)
    _cap(body, "logprobs", MOST_LOGPROBS)
    for name in ("prompt_embeds", "suffix"):
        body.pop(name, None)
    form = body.get("response_format")
    if form and form["type"] in ("json_schema", "structural_tag"):
        del body["response_format"]
    prompt = body["prompt"]
    if isinstance(prompt, str):
        return
    if isinstance(prompt[0], str):
        body["prompt"] = [text or "At dawn," for text in prompt[:MOST_ITEMS]]
    elif isinstance(prompt[0], list):
        body["prompt"] = [_known_tokens(ids) for ids in prompt[:MOST_ITEMS]]
    else:
        body["prompt"] = _known_tokens(prompt)


def _mend_response(body: Body) -> None:
    _cap(body, "max_output_tokens", MOST_TOKENS, unset=MOST_TOKENS)
    _mend_generation(body)
    _cap(body, "top_logprobs", MOST_LOGPROBS)
    # Nothing is known to be stored.
    for name in ("previous_response_id", "background"):
        body.pop(name, None)
    tools = body.get("tools") or []
    for tool in tools:
        tool.update(type="function", name=tool.get("name") or "look_up", parameters=SCHEMA)
    choice = body.get("tool_choice")
    if not tools:
        body.pop("tool_choice", None)
    elif isinstance(choice, dict):
        choice["name"] = tools[0]["name"]
    form = (body.get("text") or {}).get("format")
    if form:
        form["type"] = "json_schema" if form["type"] == "json_schema" else "text"
        form.update(name="place", schema=SCHEMA)
    if isinstance(body["input"], list):
        body["input"] = [_known_item(item) for item in body["input"]] or "Hello"


def _mend_generation(body: Body) -> None:
    """Mend what all three generating operations share."""
    _cap(body, "n", MOST_CHOICES)
    if body.get("temperature") is not None and body["temperature"] < 0.01:
        body["n"] = 1
    if "min_tokens" in body:
        body["min_tokens"] = min(body["min_tokens"], 1)
    if body.get("stream"):
        body.pop("prompt_logprobs", None)
    else:
        body.pop("stream_options", None)
    _cap(body, "prompt_logprobs", MOST_LOGPROBS)
    # Both are errors on servers that do not offer them.
    body.pop("priority", None)
    body.pop("use_beam_search", None)
    if body.get("structured_outputs"):
        body["structured_outputs"] = _one_constraint(body["structured_outputs"])


def _mend_conversation(body: Body) -> None:
    # A server may refuse templates of callers.
    body.pop("chat_template", None)
    if body.get("continue_final_message"):
        body["add_generation_prompt"] = False
    for message in body.get("messages") or ():
        if isinstance(message.get("content"), list):
            message["content"] = [_text_part(part, "text") for part in message["content"]]
        for call in message.get("tool_calls") or ():
            call["function"]["arguments"] = "{}"
    for tool in body.get("tools") or ():
        tool["function"].update(description="Look something up.", parameters=SCHEMA)


def _one_constraint(wanted: Body) -> Body:
    if wanted.get("choice"):
        return {"choice": wanted["choice"]}
    if wanted.get("regex") is not None:
        return {"regex": "[a-z]{3}"}
    return {"json": SCHEMA}


def _known_item(item: Body) -> Body:
    kind = item.get("type") or "message"
    if kind == "function_call":
        return {**item, "name": item.get("name") or "look_up", "arguments": "{}"}
    if kind not in ("message", "function_call_output", "reasoning"):
        item = {**item, "type": "message"}
    text = "reasoning_text" if kind == "reasoning" else "input_text"
    for name in ("content", "output"):
        if isinstance(item.get(name), list):
            item = {**item, name: [_text_part(part, text) for part in item[name]]}
    return item


def _text_part(part: Body, kind: str) -> Body:
    """Return the part, or text in its place: not every model can see or hear."""
    is_text = part.get("type") in {"text", "input_text", "output_text", kind} and "text" in part
    return part if is_text else {"type": kind, "text": "Hello"}


def _known_tokens(ids: list[int]) -> list[int]:
    return [token_id % TOKEN_IDS for token_id in ids]


def _cap(body: Body, name: str, most: int, *, unset: int | None = None) -> None:
    """Lower a number to `most`; -1, which asks for everything, too. Null and absent ones become
    `unset`, if there is one.
    """
    if body.get(name) is None:
        if unset is not None:
            body[name] = unset
    else:
        body[name] = most if body[name] < 0 else min(body[name], most)
