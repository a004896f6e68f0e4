"""The specs as Schemathesis reads them, and how it is to make requests from them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal

import schemathesis
from schemathesis import BaseSchema
from support.contract_requests import MOST_TOKENS
from support.contract_targets import Plan
from support.inference_specs import METHODS, Json, bundle

Settings = dict[str, Any]

# Fixed, so that every run sends the same requests and a failure can be seen again.
SEED = 20_000
EXAMPLES = 10
EVENT_STREAM = "text/event-stream"
# How the operations hang together. Descriptions say it in words; the specs have no `links`.
LINKS: dict[tuple[str, str], dict[str, dict[str, Any]]] = {
    ("/v1/models", "get"): {
        "tokenize_for_listed_model": {
            "operationId": "create_tokenization",
            "requestBody": {"model": "$response.body#/data/0/id", "prompt": "Count to ten."},
        },
        "ask_listed_model": {
            "operationId": "create_chat_completion",
            "requestBody": {
                "model": "$response.body#/data/0/id",
                "messages": [{"role": "user", "content": "Say hello."}],
                "max_tokens": MOST_TOKENS,
            },
        },
    },
    ("/tokenize", "post"): {
        "turn_tokens_back_into_text": {
            "operationId": "create_detokenization",
            "requestBody": {"model": "$request.body#/model", "tokens": "$response.body#/tokens"},
        },
        "continue_tokens": {
            "operationId": "create_completion",
            "requestBody": {
                "model": "$request.body#/model",
                "prompt": "$response.body#/tokens",
                "max_tokens": MOST_TOKENS,
            },
        },
    },
}
SANITIZATION = {
    "keys-to-sanitize": ["authorization", "x-user-id"],
    # The usual markers would hide `max_tokens` too.
    "sensitive-markers": ["authorization"],
}
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": ["2xx"]},
    "negative_data_rejection": {"expected-statuses": ["400", "401"]},
}


@cache
def document(host: str, methods: tuple[str, ...]) -> Json:
    """The host's spec in one document, made strict, with the operations of some methods alone.

    The answer for any other status is left out, so that an undeclared one is noticed. The schema of
    a stream is that of one event's data, which Schemathesis has no notion of: it is left out too,
    and `support.contract_streams` checks by it.
    """
    whole = json.loads(json.dumps(bundle(host)))
    for path, item in whole["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            if method not in methods:
                del item[method]
                continue
            responses = item[method]["responses"]
            del responses["default"]
            responses["200"]["content"].get(EVENT_STREAM, {}).pop("schema", None)
            if "post" in methods and (path, method) in LINKS:
                # A link gives the whole body, and not a part of it.
                responses["200"]["links"] = {
                    name: {**link, "x-schemathesis": {"merge_body": False}}
                    for name, link in LINKS[path, method].items()
                }
    whole["paths"] = {path: item for path, item in whole["paths"].items() if item}
    return whole


def valid_requests(plan: Plan) -> dict[str, BaseSchema]:
    """What to send to each host that fits its spec."""
    if plan.is_local:
        everything = _phases("examples", "coverage", "fuzzing", "stateful")
        return _load(plan, "positive", everything, examples=EXAMPLES)
    # Of what only reads, one request; else the examples that the spec gives.
    examples_only = {"include-method": "POST", "phases": _phases("examples")}
    return _load(plan, "positive", _phases("examples", "fuzzing"), examples_only, examples=1)


def invalid_requests(plan: Plan) -> dict[str, BaseSchema]:
    """What to send to each host that does not fit its spec."""
    if not plan.is_local:
        # Coverage would try methods that are not declared.
        return _load(plan, "negative", _phases("fuzzing"), examples=2)
    # Of these, nothing can be wrong but the method.
    without_data = {
        "include-method": "GET",
        "include-tag": "serverless",
        "phases": _phases("coverage"),
    }
    # Both hosts share their bodies: it is enough that one is sent them systematically.
    same_bodies = {
        "include-method": "POST",
        "include-tag": "on_demand",
        "phases": _phases("fuzzing"),
    }
    phases = _phases("coverage", "fuzzing")
    return _load(plan, "negative", phases, without_data, same_bodies, examples=EXAMPLES)


def host_of(case: schemathesis.Case[Any]) -> str:
    """The host whose spec a request was made from."""
    return str(case.operation.schema.raw_schema["x-tm-surface"])


def _load(
    plan: Plan,
    mode: Literal["positive", "negative"],
    phases: Settings,
    *operations: Settings,
    examples: int,
) -> dict[str, BaseSchema]:
    settings = {
        "seed": SEED,
        # A busy machine is no failure.
        "suppress-health-check": ["all"],
        # The usual number cuts streams before their end mark.
        "max-stream-events": 10_000,
        "generation": {
            "mode": mode,
            "max-examples": examples,
            "deterministic": True,
            "database": "none",
            # A check of its own leaves the key out, or makes one up.
            "with-security-parameters": False,
        },
        "phases": phases,
        "operations": list(operations),
        "checks": CHECKS,
        "output": {"sanitization": SANITIZATION},
        **({"rate-limit": plan.rate} if plan.rate else {}),
    }
    # What may not be sent is not in the document at all.
    methods = ("get", "post") if plan.may_write else ("get",)
    return {
        host: schemathesis.openapi.from_dict(
            document(host, methods), config=schemathesis.Config.from_dict(settings)
        )
        for host in plan.hosts
    }


def _phases(*enabled: str) -> Settings:
    return {
        phase: {"enabled": phase in enabled}
        for phase in ("examples", "coverage", "fuzzing", "stateful")
    }
