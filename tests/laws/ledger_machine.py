"""Hosts that call, die and lose their clocks; a provider that counts; a model that agrees."""

import heapq

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from app.db import quota_sql as sql
from app.domain.quotas import CallClass, Window
from tests.laws.ledger_model import Asking, Call, Model
from tests.laws.ledger_world import Counter, Server, moment

SECOND = 1_000_000
HOLD_US, TOL_US = 3 * SECOND, SECOND // 5
PROCESSES, HOSTS = 4, 3
WINDOWS = st.lists(
    st.builds(Window, max_calls=st.integers(1, 4), span_s=st.integers(1, 8).map(float)),
    min_size=1,
    max_size=2,
    unique_by=lambda window: window.span_s,
)
BACKGROUND = st.builds(
    Window, max_calls=st.integers(1, 2), span_s=st.integers(1, 8).map(float), only=st.just(CallClass.BACKGROUND)
)
PROCESS = st.integers(0, PROCESSES - 1)
# How long an exchange takes: mostly no time, sometimes some, rarely a stall.
PAUSE = st.one_of(st.just(0), st.integers(0, TOL_US // 2), st.integers(0, 2 * SECOND))
# Jumps of a minute or more, and those that are too small to be told from a slow exchange.
JUMP = st.one_of(st.integers(-2 * TOL_US, 2 * TOL_US), st.integers(-86_400, 86_400).map(lambda s: s * SECOND))
LOG = "SELECT clock_id, at_us, last_us, at_wall, last_wall FROM provider_calls WHERE allowance = %s"
FATE = st.sampled_from([*["settle"] * 8, "dies before the call", "dies before the reply", "dies in line"])


class LedgerMachine(RuleBasedStateMachine):
    """Two hosts, two processes each; a third host may join, and hosts start anew with another clock."""

    server: Server
    differs = True

    def __init__(self) -> None:
        super().__init__()
        self.t, self.offset = 10**9, 0
        self.boots = [7 * 10**12, 3 * 10**12]
        self.clocks = ["host 0", "host 1"]
        self.known: set[str] = set()
        self.is_unnoticed = False
        self.under_way: dict[int, tuple[int, int]] = {}
        self.arrivals: list[tuple[int, CallClass]] = []

    @initialize(windows=WINDOWS, background=st.none() | BACKGROUND)
    def declare(self, windows: list[Window], background: Window | None) -> None:
        every = (*windows, background) if background else tuple(windows)
        self.model = Model(every, HOLD_US, TOL_US)
        self.counters = [Counter.of(window) for window in every]
        self.name = self.server.declare(every, HOLD_US, TOL_US)
        # Each host is known before anything jumps.
        for process in (0, 1):
            self.first(process)

    def first(self, process: int) -> None:
        self.reserve(process, CallClass.INTERACTIVE, 0, 0, 0, "settle", retries="no")

    def asking(self, process: int, before: int = 0, after: int = 0) -> Asking:
        """Read the server's time, then the host's clock, then be served: each takes its time."""
        host = process % len(self.clocks)
        told = self.t + self.offset
        self.pass_time(before)
        now = self.boots[host] + self.t
        self.pass_time(after)
        return Asking(self.clocks[host], now, told, self.t + self.offset)

    def pass_time(self, us: int) -> None:
        """The provider counts what arrives in the meantime."""
        self.t += us
        while self.arrivals and self.arrivals[0][0] <= self.t:
            at, call_class = heapq.heappop(self.arrivals)
            for counter in self.counters:
                if counter.window.holds(call_class):
                    assert not counter.count.is_full(at), f"more than {counter.window}"
                    counter.count.add(at)

    @rule(us=st.one_of(st.integers(0, 3 * SECOND), st.integers(0, 15 * SECOND)))
    def wait(self, us: int) -> None:
        self.pass_time(us)

    @rule(
        process=PROCESS,
        call_class=st.sampled_from(CallClass),
        before=PAUSE,
        after=PAUSE,
        arrives=st.integers(0, HOLD_US) | st.sampled_from([0, HOLD_US]),
        fate=FATE,
        retries=st.sampled_from(["no", "latest", "soonest"]),
    )
    def reserve(  # noqa: PLR0913, PLR0917  one step of the story
        self, process: int, call_class: CallClass, before: int, after: int, arrives: int, fate: str, retries: str
    ) -> None:
        by = self.asking(process, before, after)
        if fate == "dies in line":
            self.server.kill_in_line(process, sql.RESERVE, by, self.name)
            return
        row = self.server.run(process, sql.RESERVE, by, id=self.name, purpose="test", **{"class": call_class})
        number, soonest, latest, _ = row
        if self.differs:
            self.compare(by, call_class, number, soonest, latest)
        if before + after <= TOL_US:
            self.is_unnoticed = self.is_unnoticed and by.clock not in self.known
            self.known.add(by.clock)
        if number is None:
            self.retry(by, process, call_class, (soonest, latest), retries)
            return
        if fate == "dies before the call":
            self.server.kill(process)
            return
        # It is counted within the hold of the reading of the clock, never before it was granted.
        read_at = self.t - after
        arrival = max(self.t, read_at + arrives)
        if arrival > read_at + HOLD_US:
            return
        heapq.heappush(self.arrivals, (arrival, call_class))
        if fate == "settle":
            self.under_way[number] = (process, arrival)
        else:
            self.server.kill(process)

    @rule(process=PROCESS, call_class=st.sampled_from(CallClass))
    def rush(self, process: int, call_class: CallClass) -> None:
        for _ in range(4):
            self.reserve(process, call_class, 0, 0, 0, "settle", retries="no")

    def compare(
        self, by: Asking, call_class: CallClass, number: int | None, soonest: int | None, latest: int | None
    ) -> None:
        expected, until = self.model.reserve(by, call_class)
        if isinstance(expected, Call):
            assert number is not None
            self.model.calls[number] = expected
        else:
            assert (number, soonest, latest) == (None, expected, until)

    def retry(self, by: Asking, process: int, call_class: CallClass, times: tuple[int, int], when: str) -> None:
        """From `latest` on there is a slot if nobody else takes it; before `soonest` none ever."""
        soonest, latest = times
        read_at = by.now - self.boots[process % len(self.clocks)]
        only_own = {call.clock for call in self.model.calls.values()} == {by.clock} and not self.model.block
        if when == "latest" and not self.is_unnoticed:
            wait = latest
        elif when == "soonest" and only_own and read_at + soonest > self.t:
            wait = read_at + soonest - 1 - self.t
        else:
            return
        self.pass_time(wait)
        again = self.asking(process)
        row = self.server.run(process, sql.RESERVE, again, id=self.name, purpose="test", **{"class": call_class})
        if self.differs:
            self.compare(again, call_class, *row[:3])
        assert (row[0] is None) == (when == "soonest")

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), replied=st.integers(0, SECOND), headers=st.booleans(), elsewhere=st.integers(0, 2))
    def settle(self, data: st.DataObject, replied: int, elsewhere: int, *, headers: bool) -> None:
        """A reply arrives; its headers tell what the provider has counted, of others' calls with this key too."""
        number = data.draw(st.sampled_from(sorted(self.under_way)))
        process, arrival = self.under_way.pop(number)
        self.pass_time(max(0, arrival + replied - self.t))
        by = self.asking(process)
        fields = dict.fromkeys(("status", "reply_bytes", "duration_ms", "error"))
        for _ in range(2):
            self.server.run(process, sql.SETTLE, by, id=number, outcome="ok", **fields)
            if self.differs:
                self.model.settle(number, by.now)
        if headers:
            self.tighten(process, elsewhere)

    def tighten(self, process: int, elsewhere: int) -> None:
        counter = self.counters[0]
        counter.count.is_full(self.t)
        most = counter.window.max_calls
        remaining = max(most - len(counter.count._arrivals) - elsewhere, 0)
        by = self.asking(process)
        told = {"span": counter.window.span_us, "limit": most, "remaining": remaining}
        (added,) = self.server.run(process, sql.TIGHTEN, by, id=self.name, **told)
        if self.differs:
            assert added == self.model.tighten(by, counter.window, most, remaining)
            judged = by.server - self.model.shift
            every = Window(max_calls=most, span_s=counter.window.span_s)
            assert len(self.model.lates(by, judged, every)) >= most - remaining

    @rule(by_us=JUMP)
    def jump(self, by_us: int) -> None:
        """The server's time jumps."""
        self.offset += by_us
        self.is_unnoticed = True

    @precondition(lambda self: not self.is_unnoticed)
    @rule(host=st.integers(0, 1))
    def restart(self, host: int) -> None:
        """A host loses its processes, gets another clock, and asks at once: nobody could tell of a jump before that."""
        if len(self.known) >= HOSTS:
            return
        for process in range(host, PROCESSES, 2):
            self.server.kill(process)
        self.under_way = {number: who for number, who in self.under_way.items() if who[0] % 2 != host}
        self.boots[host] += 5 * 10**12
        self.clocks[host] += "'"
        self.first(host)

    @rule(process=PROCESS, for_us=st.integers(1, 5 * SECOND))
    def block(self, process: int, for_us: int) -> None:
        by = self.asking(process)
        self.server.run(process, sql.BLOCK, by, id=self.name, span=for_us, why="429")
        if self.differs:
            self.model.close(by, for_us)
        self.is_unnoticed = self.is_unnoticed and by.clock not in self.known

    def teardown(self) -> None:
        """Whatever is still under way arrives; the log is the model's."""
        if not hasattr(self, "model"):
            return
        self.pass_time(HOLD_US)
        if self.differs:
            rows = self.server.control.execute(LOG, [self.name]).fetchall()
            kept = [
                (call.clock, call.at_us, call.last_us, moment(call.at_wall), moment(call.last_wall))
                for call in self.model.calls.values()
            ]
            assert sorted(rows) == sorted(kept)
