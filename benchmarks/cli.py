"""CPU time of `tm` as whole processes, next to minimal programs."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from statistics import median

from .measure import Setting, ratio_row, take_turns
from .report import Row
from .spawn import run_python

_BARE = """
import click

@click.group()
@click.version_option("1.0")
def main():
    "A program."

@main.command()
@click.option("--name", help="Whom to greet.")
def hello(name):
    "Say hello."

main(prog_name="bare")
"""
_SDK = """
import sys
from tensormesh import Tensormesh

with Tensormesh(inference_api_key="benchmark", serverless_base_url=sys.argv[1]) as client:
    completion = client.inference.serverless.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Hi"}]
    )
    print(completion.choices[0].message.content)
"""


def run(setting: Setting) -> Iterator[Row]:
    """Compare whole processes, with the start of the interpreter."""
    chat = ("infer", "chat", "--surface", "serverless", "--model", "m", "--api-key", "benchmark")
    tm = ("-m", "tensormesh_cli")
    timers = {
        "bare": _milliseconds("-c", _BARE, "--help"),
        "help": _milliseconds(*tm, "--help"),
        "version": _milliseconds(*tm, "--version"),
        "sdk": _milliseconds("-c", _SDK, setting.url),
        "chat": _milliseconds(*tm, *chat, "--base-url", setting.url, "Hi"),
    }
    figures = take_turns(timers, setting.choose(21, 5))
    shown = {name: f"{median(values):.0f} ms" for name, values in figures.items()}
    for option in ("version", "help"):
        name = f"tm --{option} / --help of a bare click program"
        note = f"tm {shown[option]}, bare {shown['bare']}"
        yield ratio_row(figures, name, option, "bare", 1.5, note=note)
    more = median(ours - sdk for ours, sdk in zip(figures["chat"], figures["sdk"], strict=True))
    note = f"tm {shown['chat']}, SDK {shown['sdk']}"
    name = "tm infer chat minus the same call with the SDK"
    yield Row(name, more, "ms", target=100, note=note)


def _milliseconds(*arguments: str) -> Callable[[], float]:
    def measure() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run_python(*arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1e3

    return measure
