"""Metering: record what inference requests used, and charge for it.

Records are kept in memory and written together, off the event loop. If the state is a file, the
end of a response waits until its record is written; records of responses that end together are
written at once. If it is in memory, they are written a moment later, and no response waits.
Whoever reads what depends on them calls :meth:`Meter.flush`.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tensormesh_local.clock import MINUTE, SECOND, Clock, to_micros
from tensormesh_local.control_plane.billing.gpu_charges import settle
from tensormesh_local.control_plane.billing.ledger import NewId, balance_of, move
from tensormesh_local.control_plane.billing.prices import Rates, serverless_rates
from tensormesh_local.control_plane.billing.serverless_charges import charge, month_transaction
from tensormesh_local.control_plane.billing.usage import SERVERLESS, MinuteSums, Series, add_usage
from tensormesh_local.control_plane.ids import IdSource
from tensormesh_local.control_plane.observability.latency import (
    FIRST_TOKEN,
    WHOLE_REQUEST,
    latency_class,
)
from tensormesh_local.control_plane.observability.logs import ERROR, INFO, WARNING, write_log
from tensormesh_local.control_plane.observability.targets import deployed_model_id
from tensormesh_local.control_plane.state import Database, State
from tensormesh_local.wire.tally import CLIENT_GONE

_DELAY_SECONDS: Final = 0.25
_UNPRICED: Final = Rates(0, 0, 0)
_logger = logging.getLogger("tensormesh_local")


@dataclass(frozen=True, slots=True)
class Record:
    """The use of one inference request.

    Attributes:
        at: When the response ended, in microseconds.
        user_id: Owner of the API key.
        api_key_id: Id of the API key; empty for the host's own keys.
        surface: ``serverless`` or ``on_demand``.
        model: The model's name in the request.
        prompt_tokens: Tokens of the prompt, including cached ones.
        cached_tokens: Prompt tokens from the cache.
        completion_tokens: Generated tokens.
        status: HTTP status; 499 if the client disconnected early.
        seconds: Duration.
        ttft_seconds: Time to the first token; None if unknown.
    """

    at: int
    user_id: str
    api_key_id: str
    surface: str
    model: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    status: int
    seconds: float
    ttft_seconds: float | None

    @property
    def is_error(self) -> bool:
        """Whether the model failed to respond."""
        return self.status >= 400 and self.status != CLIENT_GONE


class Meter:
    """Records the use of inference.

    Args:
        state: The state to write to.
        clock: Provides the time.
        ids: Creates the ids of transactions.
    """

    def __init__(self, state: State, clock: Clock, ids: IdSource) -> None:
        self._state = state
        self._clock = clock
        self._ids = ids
        self._pending: list[Record] = []
        self._pending_lock = threading.Lock()
        self._flushing = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    @property
    def is_durable(self) -> bool:
        """Whether records outlive the process once they are written."""
        return self._state.is_durable

    def now(self) -> int:
        """Return the time in microseconds."""
        return to_micros(self._clock.now())

    def record(self, record: Record) -> None:
        """Add a record, to be written soon. This takes next to no time."""
        with self._pending_lock:
            self._pending.append(record)
            if self._timer is None and not self._closed:
                # For records that no response waits for, such as those of clients that left.
                self._timer = threading.Timer(_DELAY_SECONDS, self._flush_later)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write all records. On return they can be read."""
        if not self._pending and not self._flushing.locked():
            return
        with self._flushing:
            with self._pending_lock:
                records, self._pending = self._pending, []
            if not records:
                return
            try:
                with self._state.write() as db:
                    write_records(db, self._ids.new_id, records)
            except BaseException:
                with self._pending_lock:
                    self._pending = records + self._pending
                raise

    def keep(self) -> None:
        """Write all records. Log a failure, and try again later."""
        try:
            self.flush()
        except Exception:
            _logger.exception("Usage could not be written")

    def balance(self, user_id: str) -> int:
        """Return the current balance of a user in nanos."""
        self.flush()
        with self._state.write() as db:
            settle(db, self._ids.new_id, user_id, self.now())
            return balance_of(db, user_id)

    def close(self) -> None:
        """Write all records. Call it once, before the state is closed."""
        with self._pending_lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
        self.flush()

    def _flush_later(self) -> None:
        with self._pending_lock:
            self._timer = None
        self.keep()


def write_minutes(
    db: Database, new_id: NewId, minutes: Mapping[tuple[Series, int], MinuteSums]
) -> None:
    """Write usage by series and minute, and charge for Serverless.

    On-Demand does not charge for tokens: its GPUs are charged by the hour.
    """
    rates: dict[str, Rates] = {}
    for (series, minute), sums in minutes.items():
        charged = series.surface == SERVERLESS and sums.requests > sums.errors
        if charged and series.model not in rates:
            rates[series.model] = serverless_rates(db, series.model)
        found = rates.get(series.model, _UNPRICED) if charged else _UNPRICED
        add_usage(db, series, minute, sums, found.input)
        if charged:
            month = month_transaction(db, new_id, series.user_id, sums.last)
            amount = charge(db, month, series.model, sums, found)
            move(db, month, series.user_id, [(-amount, sums.last)])


def write_records(db: Database, new_id: NewId, records: Sequence[Record]) -> None:
    """Write records: usage, charges, and a log line for each."""
    names = {(record.user_id, record.surface, record.model) for record in records}
    series = {name: _series(db, *name) for name in names}
    minutes: defaultdict[tuple[Series, int], MinuteSums] = defaultdict(MinuteSums)
    for record in records:
        minute = record.at - record.at % MINUTE
        found = series[record.user_id, record.surface, record.model]
        _add(minutes[found, minute], record)
    write_minutes(db, new_id, minutes)
    write_log(
        db,
        [_line(series[record.user_id, record.surface, record.model], record) for record in records],
    )


def _series(db: Database, user_id: str, surface: str, model: str) -> Series:
    deployed = "" if surface == SERVERLESS else deployed_model_id(db, user_id, model)
    return Series(user_id, surface, model, deployed)


def _add(sums: MinuteSums, record: Record) -> None:
    sums.requests += 1
    sums.errors += record.is_error
    sums.prompt_tokens += record.prompt_tokens
    sums.cached_tokens += record.cached_tokens
    sums.completion_tokens += record.completion_tokens
    sums.busy += round(record.seconds * SECOND)
    sums.last = max(sums.last, record.at)
    if record.is_error:
        return
    kinds = {WHOLE_REQUEST: record.seconds, FIRST_TOKEN: record.ttft_seconds}
    for kind, seconds in kinds.items():
        if seconds is not None:
            sums.latencies.setdefault(kind, Counter())[latency_class(seconds)] += 1


def _line(series: Series, record: Record) -> tuple[str, str, str, int, int, str, str]:
    severity = INFO
    if record.status >= 400:
        severity = ERROR if record.status >= 500 else WARNING
    ending = "cancelled by the client" if record.status == CLIENT_GONE else f"{record.status}"
    message = (
        f"{ending} in {record.seconds:.3f} s, {record.prompt_tokens} prompt tokens "
        f"({record.cached_tokens} cached), {record.completion_tokens} completion tokens"
    )
    labels = {
        "component": "inference",
        "surface": record.surface,
        "status": str(record.status),
        **({"apiKeyId": record.api_key_id} if record.api_key_id else {}),
    }
    return (
        series.user_id,
        series.model,
        series.model_id,
        record.at,
        severity,
        message,
        json.dumps(labels),
    )
