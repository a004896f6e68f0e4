"""An engine that runs llama.cpp's server in this process, and adapts its API."""

from __future__ import annotations

import os
import secrets
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response

from tensormesh_extras import install_hint
from tensormesh_local.engines.base import Call, EngineError
from tensormesh_local.engines.upstream import UpstreamEngine
from tensormesh_local.http.errors import ApiError, unknown_model
from tensormesh_local.http.responses import JsonResponse

_CONTEXT_TOKENS: Final = 4096
_PARALLEL_REQUESTS: Final = 2
_HTTP_THREADS: Final = 64
_GGUF_MAGIC: Final = b"GGUF"


class LlamaEngine(UpstreamEngine):
    """Serves a GGUF model under the name of its file.

    Args:
        model_path: The model file.

    Raises:
        EngineError: The extra is not installed, or the file is missing or not a model.
    """

    def __init__(self, model_path: str | Path) -> None:
        path = Path(model_path)
        if not path.is_file():
            raise EngineError(f"the model file {path} does not exist")
        with path.open("rb") as file:
            if file.read(4) != _GGUF_MAGIC:
                raise EngineError(f"{path} is not a GGUF file")
        self.model_name = path.stem
        # Everyone on this machine can reach the server's port, but only this engine knows the key.
        key = secrets.token_hex(16)
        self._server = _launch(path, self.model_name, key)
        super().__init__(str(self._server.listening_address), key)
        self._context_tokens = _CONTEXT_TOKENS

    async def start(self) -> None:
        """Get the context length of the model.

        Raises:
            EngineError: The server does not respond.
        """
        try:
            properties = await self.exchange("GET", "/props")
        except ApiError as error:
            raise EngineError(error.message) from error
        settings = properties.get("default_generation_settings", {})
        self._context_tokens = int(settings.get("n_ctx") or _CONTEXT_TOKENS)

    async def close(self) -> None:
        """Stop the server."""
        await super().close()
        # The server stops when its last reference is gone.
        self._server = None

    async def answer(self, call: Call) -> Response:
        """Respond to a request.

        Raises:
            ApiError: 404, the request is for another model; or as for any upstream server.
        """
        if call.body is not None and call.body["model"] != self.model_name:
            raise unknown_model(call.body["model"], [self.model_name])
        match call.operation.operation_id:
            case "create_tokenization":
                return await self._tokenize(call.body)
            case "create_detokenization":
                return await self._detokenize(call.body)
            case "list_models":
                listed = await self.exchange("GET", "/v1/models")
                return JsonResponse({"object": "list", "data": listed["data"]})
            case "get_version":
                return JsonResponse({"version": f"llama.cpp (xllamacpp {version('xllamacpp')})"})
            case _:
                return await super().answer(call)

    async def _tokenize(self, body: dict[str, Any]) -> Response:
        special = body.get("add_special_tokens", not body.get("messages"))
        text = body["prompt"]
        if body.get("messages"):
            fields = ("messages", "tools", "add_generation_prompt", "chat_template_kwargs")
            chat = {name: body[name] for name in fields if body.get(name) is not None}
            text = (await self.exchange("POST", "/apply-template", chat))["prompt"]
        answer = await self.exchange(
            "POST", "/tokenize", {"content": text, "add_special": special, "with_pieces": True}
        )
        tokens = [token["id"] for token in answer["tokens"]]
        names = [_piece_text(token["piece"]) for token in answer["tokens"]]
        return JsonResponse(
            {
                "count": len(tokens),
                "max_model_len": self._context_tokens,
                "tokens": tokens,
                "token_strs": names if body.get("return_token_strs") else None,
            }
        )

    async def _detokenize(self, body: dict[str, Any]) -> Response:
        try:
            answer = await self.exchange("POST", "/detokenize", {"tokens": body["tokens"]})
        except ApiError as error:
            # llama.cpp responds with 500 to ids outside its vocabulary.
            raise ApiError(
                400, f"The tokens cannot be decoded: {error.message}", param="tokens"
            ) from error
        return JsonResponse({"prompt": answer["content"]})


def _launch(path: Path, alias: str, key: str) -> Any:
    try:
        import xllamacpp  # type: ignore[import-untyped] # ships no types
    except ModuleNotFoundError as error:
        raise EngineError(f"the llama engine needs xllamacpp: {install_hint('llama')}") from error
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {alias}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.n_ctx = _CONTEXT_TOKENS * _PARALLEL_REQUESTS
    params.n_parallel = _PARALLEL_REQUESTS
    # Its threads wait for each other at every step: one without its own core delays all.
    params.cpuparams.n_threads = max(1, (os.cpu_count() or 2) // 2)
    # An open connection occupies a thread of the server.
    params.n_threads_http = _HTTP_THREADS
    params.use_jinja = True
    params.offline = True
    params.ui = False
    params.verbosity = 1
    try:
        return xllamacpp.Server(params)
    except Exception as error:
        raise EngineError(f"{path} cannot be served: {error}") from error


def _piece_text(piece: Any) -> str:
    return piece if isinstance(piece, str) else bytes(piece).decode("utf-8", "replace")
