"""The built-in engine: responds to every operation in this process, without weights."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tensormesh_local.builtin.answers import plan_chat, plan_completion
from tensormesh_local.builtin.catalog import Catalog
from tensormesh_local.builtin.model import BuiltinModel
from tensormesh_local.builtin.regex_sample import UnsupportedPatternError
from tensormesh_local.builtin.schema_instance import UnsupportedSchemaError
from tensormesh_local.engines.base import Call, Engine
from tensormesh_local.generation import ServedModel
from tensormesh_local.http.errors import bad_request, unknown_model
from tensormesh_local.http.responses import JsonResponse
from tensormesh_local.tokenizer import decode
from tensormesh_local.version import HOST_VERSION
from tensormesh_local.wire.chat import ChatFormatter
from tensormesh_local.wire.chat_request import read_chat
from tensormesh_local.wire.completion_request import read_completion
from tensormesh_local.wire.completions import TextFormatter
from tensormesh_local.wire.formatter import Formatter
from tensormesh_local.wire.models import model_list
from tensormesh_local.wire.response_request import read_response
from tensormesh_local.wire.responses import ResponseFormatter
from tensormesh_local.wire.tokens import detokenize, tokenize

T = TypeVar("T")

# Larger requests are processed in a worker thread, so that others need not wait.
_LARGE_REQUEST_BYTES: Final = 64 * 1024


class BuiltinEngine(Engine):
    """Responds by rules, deterministically.

    Args:
        seed: Seed of requests without one.
        latency_seconds: Duration of each generated token.
        catalog: The models served.
    """

    def __init__(
        self, *, seed: int = 0, latency_seconds: float = 0.0, catalog: Catalog | None = None
    ) -> None:
        self._model = BuiltinModel(seed, latency_seconds)
        self._catalog = catalog or Catalog()
        self._started = int(time.time())

    async def answer(self, call: Call) -> Response:
        """Respond to a call.

        Raises:
            ApiError: 400, the request is contradictory or unsupported; 404, the model is not
                served.
        """
        match call.operation.operation_id:
            case "list_models":
                return JsonResponse(model_list(self._served(call), self._started))
            case "get_health":
                return JsonResponse({"status": "ok"})
            case "get_version":
                return JsonResponse({"version": HOST_VERSION})
            case "create_tokenization":
                model = self._served_model(call)
                return await _run(call, lambda: JsonResponse(tokenize(call.body, model)))
            case "create_detokenization":
                self._served_model(call)
                return await _run(call, lambda: JsonResponse(detokenize(call.body)))
            case operation_id:
                return await self._generate(operation_id, call)

    async def _generate(self, operation_id: str, call: Call) -> Response:
        model = self._served_model(call)
        start = _GENERATING[operation_id]
        try:
            formatter = await start(self._model, call, model)
        except (UnsupportedSchemaError, UnsupportedPatternError) as error:
            raise bad_request(str(error)) from error
        return await formatter.respond(call.tally, stream=bool(call.body.get("stream")))

    def _served_model(self, call: Call) -> ServedModel:
        name = call.body["model"]
        served = self._served(call)
        for model in served:
            if model.name == name:
                return model
        raise unknown_model(name, [each.name for each in served])

    def _served(self, call: Call) -> list[ServedModel]:
        """Return the engine's own models, then those that the Control Plane adds."""
        own = self._catalog.served(call.operation.surface)
        names = {model.name for model in own}
        more = [
            ServedModel(each.name, each.path, reports_cache_statistics=True, created=each.created)
            for each in call.deployed
            if each.name not in names
        ]
        return [*own, *more]


async def _chat(engine: BuiltinModel, call: Call, model: ServedModel) -> Formatter:
    request = await _run(call, partial(read_chat, call.body, model))
    plan = partial(plan_chat, request.task)
    generation = engine.start(model, [(request.prompt, plan)], request.sampling)
    return ChatFormatter(call.request_id, request, generation)


async def _completion(engine: BuiltinModel, call: Call, model: ServedModel) -> Formatter:
    request = await _run(call, partial(read_completion, call.body))
    prompts = [
        (prompt, partial(plan_completion, decode(prompt), request.constraint))
        for prompt in request.prompts
    ]
    generation = engine.start(
        model, prompts, request.sampling, suffix=request.suffix, echo=request.echo
    )
    return TextFormatter(call.request_id, request, generation)


async def _response(engine: BuiltinModel, call: Call, model: ServedModel) -> Formatter:
    request = await _run(call, partial(read_response, call.body, model))
    plan = partial(plan_chat, request.task)
    generation = engine.start(model, [(request.prompt, plan)], request.sampling)
    return ResponseFormatter(call.request_id, request, generation)


_GENERATING: Final = {
    "create_chat_completion": _chat,
    "create_completion": _completion,
    "create_response": _response,
}


async def _run(call: Call, work: Callable[[], T]) -> T:
    """Return the result of ``work``, done in a worker thread if the request is large."""
    if len(call.raw) > _LARGE_REQUEST_BYTES:
        return await run_in_threadpool(work)
    return work()
