"""What `tm` costs, as whole processes, next to programs that do nothing more than they must."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from statistics import median

from .measure import ratio, take_turns
from .paths import ROOT, environment
from .report import Row
from .setting import Setting

_BARE = """
import click

@click.group()
@click.version_option("1.0")
def main():
    "A program."

@main.command()
@click.option("--name", help="Whom to greet.")
def hello(name):
    "Greet."

main(prog_name="bare")
"""
_SDK = """
import sys
from tensormesh import Tensormesh

with Tensormesh(inference_api_key="benchmark", serverless_base_url=sys.argv[1]) as client:
    answer = client.inference.serverless.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Hi"}]
    )
    print(answer.choices[0].message.content)
"""
_MOST_OVER_THE_SDK = 100


def run(setting: Setting) -> Iterator[Row]:
    """CPU time of whole processes, interpreter included."""
    rounds = setting.choose(21, 5)
    chat = ("infer", "chat", "--surface", "serverless", "--model", "m", "--api-key", "benchmark")
    figures = take_turns(
        {
            "bare": _process("-c", _BARE, "--help"),
            "help": _tm("--help"),
            "version": _tm("--version"),
            "sdk": _process("-c", _SDK, setting.url),
            "chat": _tm(*chat, "--base-url", setting.url, "Hi"),
        },
        rounds,
    )
    middle = {name: median(values) for name, values in figures.items()}
    for name in ("version", "help"):
        yield Row(
            suite="cli",
            name=f"tm --{name} / --help of a bare click program",
            reached=ratio(figures, name, "bare"),
            target=1.5,
            note=f"tm {middle[name]:.0f} ms, bare {middle['bare']:.0f} ms",
        )
    more = (ours - theirs for ours, theirs in zip(figures["chat"], figures["sdk"], strict=True))
    yield Row(
        suite="cli",
        name="tm infer chat minus the same call with the SDK",
        reached=median(more),
        unit="ms",
        target=_MOST_OVER_THE_SDK,
        note=f"tm {middle['chat']:.0f} ms, SDK {middle['sdk']:.0f} ms",
    )


def _tm(*arguments: str) -> Callable[[], float]:
    return _process("-m", "tensormesh_cli", *arguments)


def _process(*arguments: str) -> Callable[[], float]:
    """Measures the CPU time of a process, in milliseconds."""
    surroundings = {**environment(), "TM_CONFIG_HOME": str(ROOT / "no-such-folder")}

    def measure() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return used * 1e3

    return measure
