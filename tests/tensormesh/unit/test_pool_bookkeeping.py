"""The pool's bookkeeping, against a slow model that says what it must do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tensormesh import ConfigurationError
from tensormesh._http.pool import Lease, Limits, Origin, Pool

ORIGINS: tuple[Origin, ...] = ((b"http", b"a", 80), (b"https", b"a", 443))
IDLE_SECONDS = 10.0


class Connection:
    """Stands for a connection."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin


class Requests(RuleBasedStateMachine):
    """Requests that come, wait, are served, are broken off, and go."""

    @initialize(most=st.integers(1, 4))
    def begin(self, most: int) -> None:
        self.most = most
        self.pool: Pool[Connection] = Pool(Limits(most, IDLE_SECONDS))
        self.now = 0.0
        self.holding: list[Lease[Connection]] = []
        self.line: list[Lease[Connection]] = []
        self.woken: list[Lease[Connection]] = []
        self.idle: list[Connection] = []
        self.gone: set[Connection] = set()

    def settle(self) -> None:
        """Take in what the pool has thrown out, and whom it has woken."""
        while self.pool.surplus:
            connection = self.pool.surplus.popleft()
            assert connection not in self.gone, "thrown out twice"
            self.gone.add(connection)
            if connection in self.idle:
                # No other that has been idle for longer is kept in its stead.
                assert connection is self.idle[0]
                self.idle.remove(connection)
        for lease in self.woken:
            assert lease is self.line.pop(0), "somebody was overtaken"
            self.got(lease)
        self.woken.clear()

    def got(self, lease: Lease[Connection]) -> None:
        assert self.pool.has(lease)
        self.holding.append(lease)
        if lease.connection is None:
            assert not [each for each in self.idle if each.origin == lease.origin]
            lease.connection = Connection(lease.origin)
            return
        assert lease.connection not in self.gone
        assert lease.connection.origin == lease.origin
        if lease.connection in self.idle:
            same = [each for each in self.idle if each.origin == lease.origin]
            assert lease.connection is same[-1], "not the one that was used last"
            self.idle.remove(lease.connection)

    @rule(origin=st.sampled_from(ORIGINS), number=st.integers(1, 4))
    def come(self, origin: Origin, number: int) -> None:
        for _ in range(number):
            self.one_comes(origin)

    def one_comes(self, origin: Origin) -> None:
        lease: Lease[Connection] = Lease(origin)
        must_wait = len(self.holding) == self.most
        if self.pool.take(lease):
            assert not must_wait
            self.settle()
            self.got(lease)
        else:
            assert must_wait
            self.line.append(lease)
            self.pool.wait(lease, lambda: self.woken.append(lease))

    @rule(origin=st.sampled_from(ORIGINS))
    def all_go(self, origin: Origin) -> None:
        for lease in [each for each in self.holding if each.origin == origin]:
            self.one_goes(lease, is_reusable=True, twice=False)

    @precondition(lambda self: self.holding)
    @rule(data=st.data(), is_reusable=st.booleans(), twice=st.booleans())
    def go(self, data: Any, is_reusable: bool, twice: bool) -> None:
        self.one_goes(data.draw(st.sampled_from(self.holding)), is_reusable, twice)

    def one_goes(self, lease: Lease[Connection], is_reusable: bool, twice: bool) -> None:
        connection = lease.connection
        assert connection is not None
        self.holding.remove(lease)
        if is_reusable:
            self.idle.append(connection)
        for _ in range(1 + twice):
            self.pool.release(lease, is_reusable=is_reusable, now=self.now)
        self.settle()
        assert (connection in self.gone) >= (not is_reusable)

    @precondition(lambda self: self.line)
    @rule(data=st.data())
    def give_up(self, data: Any) -> None:
        lease = data.draw(st.sampled_from(self.line))
        self.line.remove(lease)
        self.pool.release(lease, is_reusable=False, now=self.now)
        self.settle()

    @precondition(lambda self: self.holding)
    @rule(data=st.data())
    def find_it_dead(self, data: Any) -> None:
        lease = data.draw(st.sampled_from(self.holding))
        dead = lease.connection
        self.holding.remove(lease)
        self.pool.replace(lease)
        self.settle()
        assert dead in self.gone
        self.got(lease)

    @rule(seconds=st.sampled_from([0.5, IDLE_SECONDS, 3 * IDLE_SECONDS]))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def nothing_is_lost_and_nobody_waits_in_vain(self) -> None:
        if not hasattr(self, "pool"):
            return
        assert self.pool.used == len(self.holding)
        assert self.pool.idle == len(self.idle) <= self.most
        assert self.pool.waiting == len(self.line)
        assert self.pool.used + self.pool.idle <= self.most
        assert not self.line or self.pool.used == self.most


Requests.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestRequests = Requests.TestCase


def pool_of(most: int = 2) -> Pool[Connection]:
    return Pool(Limits(most, IDLE_SECONDS))


def held(pool: Pool[Connection], origin: Origin = ORIGINS[0]) -> Lease[Connection]:
    lease: Lease[Connection] = Lease(origin)
    assert pool.take(lease)
    if lease.connection is None:
        lease.connection = Connection(origin)
    return lease


def test_the_connection_that_was_used_last_is_used_first() -> None:
    pool = pool_of()
    first, second = held(pool), held(pool)
    last = second.connection
    for lease in (first, second):
        pool.release(lease, is_reusable=True, now=0.0)
    assert held(pool).connection is last


def test_connections_that_expired_go_when_others_come_back() -> None:
    pool = pool_of(most=9)
    leases = [held(pool) for _ in range(6)]
    for lease in leases[:5]:
        pool.release(lease, is_reusable=True, now=0.0)
    pool.release(leases[5], is_reusable=True, now=IDLE_SECONDS + 1)
    assert (pool.idle, len(pool.surplus)) == (4, 2)


def test_a_lease_that_was_broken_off_half_way_loses_no_connection() -> None:
    pool = pool_of()
    lease: Lease[Connection] = Lease(ORIGINS[0])
    # As if a signal had come before the pool had counted it.
    lease.connection = Connection(ORIGINS[0])
    pool.release(lease, is_reusable=False, now=0.0)
    assert len(pool.surplus) == 1
    assert pool.used == 0


def test_a_lease_that_nobody_has_any_more_holds_no_place() -> None:
    pool = pool_of(most=1)
    lost = held(pool)
    assert not pool.take(Lease(ORIGINS[0]))
    del lost
    assert pool.used == 0
    held(pool)


def test_a_closed_pool_wakes_those_who_wait_and_keeps_nothing() -> None:
    pool = pool_of(most=2)
    idle, used, late = held(pool), held(pool), Lease[Connection](ORIGINS[1])
    pool.release(idle, is_reusable=True, now=0.0)
    another = held(pool, ORIGINS[1])
    pool.surplus.clear()
    woken: list[bool] = []
    assert not pool.take(late)
    pool.wait(late, lambda: woken.append(pool.has(late)))
    in_use = pool.close()
    assert woken == [False]
    assert set(in_use) == {used.connection, another.connection}
    with pytest.raises(ConfigurationError, match="closed"):
        pool.take(Lease(ORIGINS[0]))
    pool.release(used, is_reusable=True, now=0.0)
    assert (pool.idle, len(pool.surplus)) == (0, 1)


def test_there_may_be_no_limit() -> None:
    pool = pool_of(most=1_000_000)
    leases = [held(pool) for _ in range(500)]
    for lease in leases:
        pool.release(lease, is_reusable=True, now=0.0)
    assert (pool.used, pool.idle, len(pool.surplus)) == (0, 500, 0)
