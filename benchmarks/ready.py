"""From the import to a client that is ready, and to the first response, in fresh processes."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from .answers import MODEL
from .measure import fresh_milliseconds, ratio, take_turns
from .report import Row
from .setting import API_KEY, MESSAGES, Setting, has_openai

# Private: no public call builds the HTTP client without sending a request.
_READY = {
    "tensormesh": f"""
from tensormesh import Tensormesh
client = Tensormesh(inference_api_key={API_KEY!r})
client.inference.serverless.chat.completions.create
client._get_dispatcher().clients.get("https://serverless.tensormesh.ai/v1", None)
""",
    "httpx": "import httpx; httpx.Client()",
    "openai": f"""
from openai import OpenAI
OpenAI(api_key={API_KEY!r}).chat.completions.create
""",
}
_POST = f"""
body = {{"model": {MODEL!r}, "messages": {MESSAGES!r}}}
client.post(sys.argv[1] + "/v1/chat/completions", json=body).json()
"""
_FIRST = {
    "tensormesh": f"""
from tensormesh import Tensormesh
client = Tensormesh(inference_api_key={API_KEY!r}, serverless_base_url=sys.argv[1])
client.inference.serverless.chat.completions.create(model={MODEL!r}, messages={MESSAGES!r})
""",
    "httpx": f"""
import httpx
client = httpx.Client(headers={{"Authorization": "Bearer {API_KEY}"}})
{_POST}
""",
    # For comparison: as the SDK, without certificates, which plain HTTP does not need.
    "httpx without certificates": f"""
import httpx
client = httpx.Client(headers={{"Authorization": "Bearer {API_KEY}"}}, verify=False)
{_POST}
""",
    "openai": f"""
from openai import OpenAI
client = OpenAI(api_key={API_KEY!r}, base_url=sys.argv[1] + "/v1")
client.chat.completions.create(model={MODEL!r}, messages={MESSAGES!r})
""",
}


def run(setting: Setting) -> Iterator[Row]:
    """Both figures."""
    yield from _compare(setting, "client ready", _READY, 1.15)
    yield from _compare(setting, "first response", _FIRST, 1.15)


def _compare(setting: Setting, what: str, programs: dict[str, str], target: float) -> Iterator[Row]:
    figures = take_turns(
        {
            name: fresh_milliseconds(program, setting.url)
            for name, program in programs.items()
            if name != "openai" or has_openai()
        },
        setting.choose(15, 3),
    )
    shown = ", ".join(f"{name} {median(values):.0f} ms" for name, values in figures.items())
    yield Row(
        suite="ready",
        name=f"import to {what} / httpx",
        reached=ratio(figures, "tensormesh", "httpx"),
        target=target,
        note=shown,
    )
    yield Row(
        suite="ready",
        name=f"import to {what} / openai",
        reached=ratio(figures, "tensormesh", "openai") if has_openai() else None,
        note="" if has_openai() else "openai is not installed",
    )
