"""Time from the import to a ready client, and to the first response, in fresh processes."""

from __future__ import annotations

from collections.abc import Iterator

from .clients import API_KEY, HEADERS, MESSAGES, PATH, is_installed
from .measure import Setting, fresh_timer, ratio_row, show_medians, take_turns
from .report import Row
from .responses import MODEL

# Private: no public call makes the link without sending a request.
_READY = {
    "tensormesh": f"""
from tensormesh import Tensormesh
client = Tensormesh(inference_api_key={API_KEY!r})
client.inference.serverless.chat.completions.create
client._get_dispatcher().links.get("https://serverless.tensormesh.ai/v1", None)
""",
    "httpx": "import httpx; httpx.Client()",
    "openai": f"""
from openai import OpenAI
OpenAI(api_key={API_KEY!r}).chat.completions.create
""",
}
_POST = f"""
import httpx
client = httpx.Client(headers={HEADERS!r}, verify=VERIFY)
body = {{"model": {MODEL!r}, "messages": {MESSAGES!r}}}
client.post(sys.argv[1] + {PATH!r}, json=body).json()
"""
_FIRST = {
    "tensormesh": f"""
from tensormesh import Tensormesh
client = Tensormesh(inference_api_key={API_KEY!r}, serverless_base_url=sys.argv[1])
client.inference.serverless.chat.completions.create(model={MODEL!r}, messages={MESSAGES!r})
""",
    "httpx": _POST.replace("VERIFY", "True"),
    # The SDK, too, loads no certificates for plain HTTP.
    "httpx without certificates": _POST.replace("VERIFY", "False"),
    "openai": f"""
from openai import OpenAI
client = OpenAI(api_key={API_KEY!r}, base_url=sys.argv[1] + "/v1")
client.chat.completions.create(model={MODEL!r}, messages={MESSAGES!r})
""",
}


def run(setting: Setting) -> Iterator[Row]:
    """Compare CPU times for both goals."""
    for goal, programs in (("client ready", _READY), ("first response", _FIRST)):
        timers = {
            name: fresh_timer(program, setting.url)
            for name, program in programs.items()
            if name != "openai" or is_installed("openai")
        }
        figures = take_turns(timers, setting.choose(15, 3))
        note = show_medians(figures, "{:.0f} ms")
        yield ratio_row(
            figures, f"import to {goal} / httpx", "tensormesh", "httpx", 1.15, note=note
        )
        yield ratio_row(figures, f"import to {goal} / openai", "tensormesh", "openai")
