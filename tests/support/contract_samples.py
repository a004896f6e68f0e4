"""Samples of real exchanges in a folder: one JSON file each, sanitised before it is written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from support.contract_exchanges import Exchange
from support.contract_sanitizer import Sanitizer

# Of each kind of answer of an operation; more of the same tell nothing new.
MOST_SAMPLES = 5


class Recorder:
    """Writes samples into a folder, each text only once.

    Args:
        folder: Made if it is not there. Samples of earlier runs are written over.
        secrets: Credentials that no sample may hold.
    """

    def __init__(self, folder: Path, secrets: Iterable[str] = ()) -> None:
        self._folder = folder
        self._sanitizer = Sanitizer(secrets)
        self._written: Counter[str] = Counter()
        self._known: set[str] = set()

    def observe(self, exchange: Exchange) -> None:
        """Write a sample of the exchange, unless there are enough of its kind."""
        kind = f"{exchange.host}.{exchange.operation_id}.{exchange.status}"
        if exchange.is_stream:
            kind += ".events"
        if self._written[kind] >= MOST_SAMPLES:
            return
        text = json.dumps(asdict(self._sanitizer.clean(exchange)), indent=2, ensure_ascii=False)
        if text in self._known:
            return
        self._known.add(text)
        self._written[kind] += 1
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{kind}.{self._written[kind]}.json"
        path.write_text(text + "\n", encoding="utf-8")


def read_samples(folder: Path) -> dict[str, Exchange]:
    """The samples of a folder by name.

    Raises:
        ValueError: There are none, or one is not what a recorder writes.
    """
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            found[path.stem] = Exchange(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as problem:
            raise ValueError(f"{path} is no sample of the contract suite: {problem}") from None
    if not found:
        raise ValueError(f"{folder} holds no samples; CONTRACT_RECORD={folder} records some")
    return found
