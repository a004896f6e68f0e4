"""CPU and memory of walking through a long list, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

import httpx

from tensormesh import Tensormesh

from .answers import PAGE_SIZE
from .measure import cpu_microseconds, fresh_process, ratio, take_turns
from .report import Row
from .setting import API_KEY, Setting

_TRACED = f"""
import sys, tracemalloc
from tensormesh import Tensormesh
client = Tensormesh(control_plane_token={API_KEY!r}, control_plane_base_url=sys.argv[1])
count = int(sys.argv[2])
walk = client.control_plane.billing.transactions.auto_paging_iter(page_size={PAGE_SIZE})
tracemalloc.start()
for number, _ in enumerate(walk):
    if number == count // 10:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
assert number == count - 1
print(tracemalloc.get_traced_memory()[1] - before)
"""


def run(setting: Setting) -> Iterator[Row]:
    """Typed entries, against dicts by httpx."""
    pages = setting.choose(20, 5)
    contestants = {"tensormesh": _tensormesh(setting, pages), "httpx": _httpx(setting, pages)}
    figures = take_turns(contestants, setting.choose(9, 5))
    yield Row(
        suite="pages",
        name="list entry, typed / httpx with dicts",
        reached=ratio(figures, "tensormesh", "httpx"),
        target=1.5,
        note=", ".join(f"{name} {median(all_):.2f} µs" for name, all_ in figures.items()),
    )
    count = setting.choose(100_000, 20_000)
    url = _url(setting, count // PAGE_SIZE)
    yield Row(
        suite="pages",
        name=f"traced memory added by {count:,} entries, read one at a time",
        reached=float(fresh_process(_TRACED, url, str(count))) / 2**20,
        unit="MiB",
        target=4,
        note=f"peak growth after the first 10%; pages of {PAGE_SIZE:,}",
    )


def _url(setting: Setting, pages: int) -> str:
    return f"{setting.url}/list/{pages}"


def _tensormesh(setting: Setting, pages: int) -> Callable[[], float]:
    url = _url(setting, pages)
    client = Tensormesh(control_plane_token=API_KEY, control_plane_base_url=url)
    transactions = client.control_plane.billing.transactions

    def walk() -> None:
        for entry in transactions.auto_paging_iter(page_size=PAGE_SIZE):
            _ = entry.transaction_id, entry.amount.units

    return lambda: cpu_microseconds(walk, pages * PAGE_SIZE)


def _httpx(setting: Setting, pages: int) -> Callable[[], float]:
    client = httpx.Client(headers={"Authorization": f"Bearer {API_KEY}"})
    url = f"{_url(setting, pages)}/v1/billing/transactions"

    def walk() -> None:
        query: dict[str, str | int] = {"pageSize": PAGE_SIZE}
        while True:
            answer = client.get(url, params=query).json()
            for entry in answer["transactions"]:
                _ = entry["transactionId"], entry["amount"]["units"]
            if not answer["nextPageToken"]:
                return
            query["pageToken"] = answer["nextPageToken"]

    return lambda: cpu_microseconds(walk, pages * PAGE_SIZE)
