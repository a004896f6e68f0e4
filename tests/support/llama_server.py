"""llama.cpp's own HTTP server with the small model of these tests, in a process of its own.

`python tests/support/llama_server.py SECONDS` prints its URL. It listens on the loopback interface
alone, and lives until its standard input ends, at most so many seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MODEL = Path(__file__).resolve().parents[1] / "models" / "tiny-chat-f16.gguf"
# A connection that is kept open holds a thread of the server.
HTTP_THREADS = 16


@contextmanager
def llama_server(api_key: str, seconds: int) -> Iterator[str]:
    """The base URL of a running server that asks for a key; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(seconds)],
        env={**os.environ, "LLAMA_API_KEY_OF_TEST": api_key},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


def main(seconds: int, api_key: str) -> None:
    import xllamacpp  # type: ignore[import-untyped] # ships no types

    params: Any = xllamacpp.CommonParams()
    params.model.path = str(MODEL)
    params.model_alias = {MODEL.stem}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [api_key]
    params.n_ctx = 2048
    params.n_parallel = 2
    params.n_threads_http = HTTP_THREADS
    params.use_jinja = True
    params.offline = True
    params.ui = False
    params.verbosity = 1
    server = xllamacpp.Server(params)
    end_of_life = threading.Timer(seconds, os._exit, [1])
    end_of_life.daemon = True
    end_of_life.start()
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), os.environ["LLAMA_API_KEY_OF_TEST"])
