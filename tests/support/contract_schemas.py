"""The specs as Schemathesis reads them, and how it is to make requests from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import schemathesis
from schemathesis import BaseSchema
from support.contract_requests import MOST_TOKENS
from support.contract_targets import Plan
from support.inference_specs import HOSTS, METHODS, Json, bundle, spec

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
# Statuses of answers to requests that fit the schemas, and to those that do not.
ACCEPTED = {
    "serverless": ["2xx"],
    "on_demand": ["2xx"],
    # What the schemas cannot say: which fields are needed, which ids there are, and whose.
    "control_plane": ["2xx", "400", "403", "404", "409"],
}
REFUSED = {
    "serverless": ["400", "401"],
    "on_demand": ["400", "401"],
    "control_plane": ["400", "404"],
}
EXCEPTIONS: dict[str, list[Settings]] = {
    "control_plane": [
        # Its credential is in the body, and a made-up one is not valid.
        {
            "include-operation-id": "refresh_cli_login",
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "401"]}},
        },
        # A model that was deleted stays on record, and says so by its status.
        {
            "include-operation-id": "get_model",
            "checks": {"use_after_free": {"enabled": False}},
        },
    ],
}
# An operation that reads by its method alone: it makes what it does not find.
WRITES_BY_GET = ("get_or_create_stripe_customer",)


@cache
def document(host: str, *, may_write: bool, only: tuple[str, ...] = ()) -> Json:
    """The host's spec in one document, made strict; only with what reads, unless `may_write`, and
    only with some operations, if they are named.

    The answer for any other status is left out, so that an undeclared one is noticed. The schema of
    a stream is that of one event's data, which Schemathesis has no notion of: it is left out too,
    and `support.contract_streams` checks by it.
    """
    whole = json.loads(json.dumps(bundle(host) if host in HOSTS else spec(host)))
    for path, item in whole["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            reads = method == "get" and item[method]["operationId"] not in WRITES_BY_GET
            if not (reads or may_write) or (only and item[method]["operationId"] not in only):
                del item[method]
                continue
            responses = item[method]["responses"]
            del responses["default"]
            responses["200"]["content"].get(EVENT_STREAM, {}).pop("schema", None)
            links = responses["200"].get("links", {})
            for name, link in [*links.items()]:
                if not may_write or (only and link["operationId"] not in only):
                    # It leads to what is left out.
                    del links[name]
            if may_write and host in HOSTS and (path, method) in LINKS:
                # A link gives the whole body, and not a part of it.
                responses["200"]["links"] = {
                    name: {**link, "x-schemathesis": {"merge_body": False}}
                    for name, link in LINKS[path, method].items()
                }
    whole["paths"] = {path: item for path, item in whole["paths"].items() if item}
    return whole


def valid_requests(plan: Plan, *only: str) -> dict[str, BaseSchema]:
    """What to send to each host that fits its spec; of some operations, if they are named."""
    if plan.is_local:
        everything = _phases("examples", "coverage", "fuzzing", "stateful")
        # There are many operations, and their examples and coverage are sent too.
        fewer = {"include-path-regex": "/", "generation": {"max-examples": EXAMPLES // 2}}
        ways = {"control_plane": [fewer]}
        return _load(plan, "positive", everything, ways, examples=EXAMPLES, only=only)
    # Of what only reads, one request; else the examples that the spec gives.
    examples_only = {"exclude-method": "GET", "phases": _phases("examples")}
    ways = {host: [examples_only] for host in plan.hosts}
    return _load(plan, "positive", _phases("examples", "fuzzing"), ways, examples=1)


def invalid_requests(plan: Plan) -> dict[str, BaseSchema]:
    """What to send to each host that does not fit its spec."""
    if not plan.is_local:
        # Coverage would try methods that are not declared.
        declared = _phases("coverage")
        declared["coverage"]["unexpected-methods"] = []
        # Of many a request to the Control Plane nothing can be wrong: random attempts would fail.
        ways = {"control_plane": [{"include-path-regex": "/", "phases": declared}]}
        return _load(plan, "negative", _phases("fuzzing"), ways, examples=2)
    systematically, at_random = _phases("coverage"), _phases("fuzzing")
    # Both inference hosts share their bodies, and nothing else can be wrong but a method: one is
    # sent them systematically, the other at random.
    ways = {
        "on_demand": [
            {"include-method": "GET", "phases": systematically},
            {"include-method": "POST", "phases": at_random},
        ],
    }
    return _load(plan, "negative", systematically, ways, examples=EXAMPLES)


def host_of(case: schemathesis.Case[Any]) -> str:
    """The host whose spec a request was made from."""
    return str(case.operation.schema.raw_schema["x-tm-host"])


def _load(
    plan: Plan,
    mode: Literal["positive", "negative"],
    phases: Settings,
    ways: Mapping[str, list[Settings]] | None = None,
    *,
    examples: int,
    only: tuple[str, ...] = (),
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
            # The Control Plane ignores parameters that it does not know.
            "allow-extra-parameters": False,
        },
        "phases": phases,
        "output": {"sanitization": SANITIZATION},
        **({"rate-limit": plan.rate} if plan.rate else {}),
    }
    return {
        host: schemathesis.openapi.from_dict(
            # What may not be sent is not in the document at all.
            document(host, may_write=plan.may_write, only=only),
            config=schemathesis.Config.from_dict(
                {
                    **settings,
                    "operations": [*(ways or {}).get(host, []), *EXCEPTIONS.get(host, [])],
                    "checks": {
                        "positive_data_acceptance": {"expected-statuses": ACCEPTED[host]},
                        "negative_data_rejection": {"expected-statuses": REFUSED[host]},
                    },
                }
            ),
        )
        for host in plan.hosts
    }


def _phases(*enabled: str) -> Settings:
    phases: Settings = {
        phase: {"enabled": phase in enabled}
        for phase in ("examples", "coverage", "fuzzing", "stateful")
    }
    # Links that it guesses hide those that there are.
    phases["stateful"]["inference"] = {"algorithms": []}
    return phases
