"""What a long stream holds while it is read, and what each chunk takes that the user keeps."""

from __future__ import annotations

from collections.abc import Iterator

from .answers import MODEL
from .measure import fresh_process
from .report import Row
from .setting import API_KEY, MESSAGES, Setting, has_openai

KEPT = 20_000
KEPT_QUICK = 5_000

_OPEN_TENSORMESH = f"""
from tensormesh import Tensormesh
client = Tensormesh(inference_api_key={API_KEY!r}, serverless_base_url=sys.argv[1])
completions = client.inference.serverless.chat.completions
"""
_OPEN_OPENAI = f"""
from openai import OpenAI
completions = OpenAI(api_key={API_KEY!r}, base_url=sys.argv[1] + "/v1").chat.completions
"""
_STREAM = f"""
def stream():
    return completions.create(model={MODEL!r}, messages={MESSAGES!r}, stream=True)
"""

# The peak of the process grows by what is held, and by nothing that is given back.
_RESIDENT = """
import resource
def peak():
    kilobytes = sys.platform != "darwin"
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if kilobytes else 1)
count = int(sys.argv[2])
for number, _ in enumerate(stream()):
    if number == count // 10:
        before = peak()
print(peak() - before)
"""
_TRACED = """
import tracemalloc
count = int(sys.argv[2])
tracemalloc.start()
for number, _ in enumerate(stream()):
    if number == count // 10:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
print(tracemalloc.get_traced_memory()[1] - before)
"""
_KEPT = """
import gc, tracemalloc
for _ in stream():
    break
tracemalloc.start()
chunks = []
for chunk in stream():
    chunks.append(chunk)
del chunk
gc.collect()
print(tracemalloc.get_traced_memory()[0] / len(chunks))
"""


def run(setting: Setting) -> Iterator[Row]:
    """Memory held by a stream, and by its chunks."""
    count = setting.choose(100_000, 20_000)
    arguments = (setting.streams("each", count), str(count))
    for name, program in (("resident", _RESIDENT), ("traced", _TRACED)):
        grown = float(fresh_process(_OPEN_TENSORMESH + _STREAM + program, *arguments))
        yield Row(
            suite="memory",
            name=f"{name} memory added by {count:,} chunks, read one at a time",
            reached=grown / 2**20,
            unit="MiB",
            target=2,
            note="peak growth after the first 10%; includes the text of the response",
        )
    url = setting.streams("each", setting.choose(KEPT, KEPT_QUICK))
    kept = float(fresh_process(_OPEN_TENSORMESH + _STREAM + _KEPT, url))
    theirs = ""
    if has_openai():
        theirs = f"openai {float(fresh_process(_OPEN_OPENAI + _STREAM + _KEPT, url)):,.0f} bytes"
    yield Row(
        suite="memory",
        name="memory per chunk, if chunks are kept",
        reached=kept,
        unit="bytes",
        target=900,
        note=theirs,
    )
