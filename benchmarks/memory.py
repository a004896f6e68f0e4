"""Memory that a long stream uses while it is read, and that each chunk uses if it is kept."""

from __future__ import annotations

from collections.abc import Iterator

from .clients import API_KEY, STREAM, is_installed
from .measure import TRACED_GROWTH, Setting, run_fresh
from .report import Row

_OPEN_TENSORMESH = f"""
from tensormesh import Tensormesh
client = Tensormesh(inference_api_key={API_KEY!r}, serverless_base_url=sys.argv[1])
completions = client.inference.serverless.chat.completions
"""
_OPEN_OPENAI = f"""
from openai import OpenAI
completions = OpenAI(api_key={API_KEY!r}, base_url=sys.argv[1] + "/v1").chat.completions
"""
_ITEMS = f"""
def items():
    return completions.create(**{STREAM!r})
"""

# Only memory that is still in use raises the peak of the process: freed memory is used again.
_RESIDENT = """
import resource
def peak():
    kilobytes = sys.platform != "darwin"
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if kilobytes else 1)
count = int(sys.argv[2])
for number, _ in enumerate(items()):
    if number == count // 10:
        before = peak()
print(peak() - before)
"""
_KEPT = """
import gc, tracemalloc
for _ in items():
    break
tracemalloc.start()
chunks = []
for chunk in items():
    chunks.append(chunk)
del chunk
gc.collect()
print(tracemalloc.get_traced_memory()[0] / len(chunks))
"""


def run(setting: Setting) -> Iterator[Row]:
    """Measure the memory of a stream and of its chunks."""
    count = setting.choose(100_000, 20_000)
    note = "peak growth after the first 10%; includes the text of the response"
    for kind, program in (("resident", _RESIDENT), ("traced", TRACED_GROWTH)):
        url = f"{setting.url}/each/{count}"
        grown = float(run_fresh(_OPEN_TENSORMESH + _ITEMS + program, url, str(count)))
        name = f"{kind} memory added by {count:,} chunks, read one at a time"
        yield Row(name, grown / 2**20, "MiB", target=2, note=note)
    url = f"{setting.url}/each/{setting.choose(20_000, 5_000)}"
    kept = float(run_fresh(_OPEN_TENSORMESH + _ITEMS + _KEPT, url))
    theirs = ""
    if is_installed("openai"):
        theirs = f"openai {float(run_fresh(_OPEN_OPENAI + _ITEMS + _KEPT, url)):,.0f} bytes"
    yield Row("memory per chunk, if chunks are kept", kept, "bytes", target=900, note=theirs)
