"""What every program that imports the SDK pays for before it does anything."""

from __future__ import annotations

import subprocess
import sys

from support.project_files import ROOT

OVERLAY = ROOT / "overlay"
MODULES = [
    *(
        "_settings",
        "settings",
        "_errors",
        "_json",
        "_chat.reasoning",
        "_calls.retry",
        "_streams.sse",
    )
]
HEAVY = [
    *("httpx", "attr", "attrs", "msgspec", "dateutil", "tensormesh_api"),
    *("asyncio", "dataclasses", "email", "enum", "http", "inspect", "json", "logging", "re"),
    *("ssl", "typing", "urllib", "uuid"),
]


def test_the_pieces_below_the_client_load_nothing_heavy() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(OVERLAY)!r}); before = set(sys.modules)\n"
        # Not through the package, whose own imports are another matter.
        "import types\n"
        "package = sys.modules['tensormesh'] = types.ModuleType('tensormesh')\n"
        f"package.__path__ = [{str(OVERLAY / 'tensormesh')!r}]\n"
        f"import {', '.join(f'tensormesh.{name}' for name in MODULES)}\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    # -I -S: neither the environment nor installed packages may load something first.
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True
    )
    loaded = result.stdout.split()
    assert {f"tensormesh.{name}" for name in MODULES} <= set(loaded)
    assert not set(loaded) & set(HEAVY)


def test_a_plain_call_loads_nothing_of_parse_and_run() -> None:
    program = (
        f"import sys; sys.path[:0] = {[str(OVERLAY), str(OVERLAY.parent / 'generated')]!r}\n"
        "import httpx\n"
        "from tensormesh import Tensormesh\n"
        "answer = dict(id='1', object='chat.completion', created=1, model='m', choices=[])\n"
        "transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))\n"
        "http = httpx.Client(transport=transport)\n"
        "client = Tensormesh(inference_api_key='k', http_client=http)\n"
        "messages = [dict(role='user', content='Hi')]\n"
        "client.inference.serverless.chat.completions.create(model='m', messages=messages)\n"
        "print(*sorted(name for name in sys.modules if name.startswith('tensormesh.')))\n"
        "print(*sorted({'pydantic', 'jsonschema', 'concurrent.futures'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    ours, heavy = result.stdout.split("\n")[:2]
    # The modules that hold the methods themselves, and nothing behind them.
    assert {"tensormesh._chat.parse_methods", "tensormesh._chat.run_methods"} <= set(ours.split())
    assert [name for name in ours.split() if "._structured" in name or "._tools" in name] == []
    assert heavy == ""
