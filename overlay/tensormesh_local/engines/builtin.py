"""The built-in engine: every operation answered in this process, with no weights."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tensormesh_local.builtin.catalog import Catalog, ServedModel
from tensormesh_local.builtin.model import BuiltinModel
from tensormesh_local.builtin.regex_sample import UnsupportedPatternError
from tensormesh_local.builtin.schema_instance import UnsupportedSchemaError
from tensormesh_local.engines.base import Call, Engine
from tensormesh_local.http.errors import bad_request, unknown_model
from tensormesh_local.http.responses import JsonResponse
from tensormesh_local.version import HOST_VERSION
from tensormesh_local.wire.chat import create_chat_completion
from tensormesh_local.wire.completions import create_completion
from tensormesh_local.wire.models import list_models
from tensormesh_local.wire.pace import Pace
from tensormesh_local.wire.responses import create_response
from tensormesh_local.wire.tokens import create_detokenization, create_tokenization

if TYPE_CHECKING:
    from starlette.responses import Response

_GENERATING: Final = {
    "create_chat_completion": create_chat_completion,
    "create_completion": create_completion,
    "create_response": create_response,
}


class BuiltinEngine(Engine):
    """Answers from rules, deterministically.

    Args:
        seed: Seed of requests that give none.
        latency_seconds: Time that each generated token takes.
        catalog: The models served.
    """

    def __init__(
        self, *, seed: int = 0, latency_seconds: float = 0.0, catalog: Catalog | None = None
    ) -> None:
        self._model = BuiltinModel(seed)
        self._pace = Pace(latency_seconds)
        self._catalog = catalog or Catalog()
        self._started = int(time.time())

    async def answer(self, call: Call) -> Response:
        """Answer a call.

        Raises:
            ApiError: 400, the request makes no sense; 404, the model is not served.
        """
        match call.operation.operation_id:
            case "list_models":
                return list_models(self._served(call), self._started)
            case "get_health":
                return JsonResponse({"status": "ok"})
            case "get_version":
                return JsonResponse({"version": HOST_VERSION})
            case "create_tokenization":
                return create_tokenization(call.body, self._served_model(call))
            case "create_detokenization":
                self._served_model(call)
                return create_detokenization(call.body)
            case generating:
                return await self._generate(generating, call)

    async def _generate(self, operation_id: str, call: Call) -> Response:
        model = self._served_model(call)
        try:
            return await _GENERATING[operation_id](call, self._model, model, self._pace)
        except (UnsupportedSchemaError, UnsupportedPatternError) as error:
            raise bad_request(str(error)) from error

    def _served_model(self, call: Call) -> ServedModel:
        name = call.body["model"]
        served = self._served(call)
        for model in served:
            if model.name == name:
                return model
        raise unknown_model(name, [each.name for each in served])

    def _served(self, call: Call) -> list[ServedModel]:
        """Return the host's own models, then those that the Control Plane knows."""
        own = self._catalog.served(call.operation.surface)
        names = {model.name for model in own}
        more = [
            ServedModel(each.name, each.path, reports_cache_statistics=True, created=each.created)
            for each in call.deployed
            if each.name not in names
        ]
        return [*own, *more]
