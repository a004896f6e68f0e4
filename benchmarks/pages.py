"""CPU time and memory of iterating over a long paginated list."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx

from tensormesh import Tensormesh

from .clients import API_KEY, HEADERS
from .measure import (
    TRACED_GROWTH,
    Setting,
    cpu_timer,
    ratio_row,
    run_fresh,
    show_medians,
    take_turns,
)
from .report import Row
from .responses import PAGE_SIZE

_ITEMS = f"""
from tensormesh import Tensormesh
client = Tensormesh(control_plane_token={API_KEY!r}, control_plane_base_url=sys.argv[1])
def items():
    return client.control_plane.billing.transactions.auto_paging_iter(page_size={PAGE_SIZE})
"""


def run(setting: Setting) -> Iterator[Row]:
    """Compare typed entries with dicts by httpx."""
    pages = setting.choose(20, 5)
    url = f"{setting.url}/list/{pages}"
    readers = {"tensormesh": _tensormesh(url), "httpx": _httpx(url)}
    timers = {name: cpu_timer(read, parts=pages * PAGE_SIZE) for name, read in readers.items()}
    figures = take_turns(timers, setting.choose(9, 5))
    name, note = "list entry, typed / httpx with dicts", show_medians(figures, "{:.2f} µs")
    yield ratio_row(figures, name, "tensormesh", "httpx", 1.5, note=note)
    count = setting.choose(100_000, 20_000)
    url = f"{setting.url}/list/{count // PAGE_SIZE}"
    grown = float(run_fresh(_ITEMS + TRACED_GROWTH, url, str(count)))
    name = f"traced memory added by {count:,} entries, read one at a time"
    note = f"peak growth after the first 10%; pages of {PAGE_SIZE:,}"
    yield Row(name, grown / 2**20, "MiB", target=4, note=note)


def _tensormesh(url: str) -> Callable[[], object]:
    client = Tensormesh(control_plane_token=API_KEY, control_plane_base_url=url)
    transactions = client.control_plane.billing.transactions

    def read() -> None:
        for entry in transactions.auto_paging_iter(page_size=PAGE_SIZE):
            _ = entry.transaction_id, entry.amount.units

    return read


def _httpx(url: str) -> Callable[[], object]:
    client = httpx.Client(headers=HEADERS)

    def read() -> None:
        query: dict[str, str | int] = {"pageSize": PAGE_SIZE}
        while True:
            page = client.get(f"{url}/v1/billing/transactions", params=query).json()
            for entry in page["transactions"]:
                _ = entry["transactionId"], entry["amount"]["units"]
            if not page["nextPageToken"]:
                return
            query["pageToken"] = page["nextPageToken"]

    return read
