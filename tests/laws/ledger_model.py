"""The ledger's rules once more, in plain Python, to hold the SQL against. All times are microseconds; speed is 1."""

from dataclasses import dataclass, field

from app.domain.quotas import CallClass, Window


@dataclass
class Call:
    clock: str
    at_us: int
    last_us: int
    at_wall: int
    last_wall: int
    call_class: CallClass
    settled: bool = False


@dataclass
class Asking:
    """Who asks: its clock, what it reads, and the server's time before and after that."""

    clock: str
    now: int
    told: int | None
    server: int


@dataclass
class Model:
    windows: tuple[Window, ...]
    hold_us: int
    tol_us: int
    shift: int = 0
    calls: dict[int, Call] = field(default_factory=dict)
    hosts: dict[str, tuple[int, int]] = field(default_factory=dict)
    limits: dict[Window, int] = field(default_factory=dict)
    block: tuple[str, int, int] | None = None

    @property
    def longest(self) -> int:
        return max(window.span_us for window in self.windows)

    @property
    def margin(self) -> int:
        return 5 * self.tol_us + self.longest // 2000

    def most(self, window: Window) -> int:
        return min(window.max_calls, self.limits.get(window, window.max_calls))

    def walls(self, by: Asking) -> tuple[int, int]:
        """The corrected time to judge by, and the one to stamp with."""
        wall = by.server - self.shift
        if by.told is None:
            return wall, wall
        known = self.hosts.get(by.clock)
        if known is None:
            expected = max([wall, *(seen for _, seen in self.hosts.values())])
            learnt = expected
        else:
            passed = by.now - known[0]
            slack = round(abs(passed) / 2000)
            expected = learnt = known[1] + passed
            if abs(wall - expected) <= slack + self.tol_us:
                learnt = min(max(wall, expected - slack), expected + slack)
                expected = wall
        if not 0 <= by.server - by.told <= self.tol_us:
            return min(wall, expected), max(wall, expected)
        self.shift += wall - expected
        if known is None or by.now - known[0] >= 1_000_000:
            self.hosts[by.clock] = (by.now, learnt)
        return expected, expected

    def lates(self, by: Asking, judged: int, window: Window) -> list[int]:
        """How long from now each call that rests in the window can still be counted, the latest first."""
        found = []
        for call in self.calls.values():
            if not window.holds(call.call_class):
                continue
            late = call.last_us - by.now if call.clock == by.clock else call.last_wall - judged + self.margin
            if late > -window.span_us:
                found.append(late)
        return sorted(found, reverse=True)

    def reserve(self, by: Asking, call_class: CallClass) -> tuple[int, int] | tuple[Call, None]:
        """A call, to be kept under the number that the ledger gives it; else when to ask again."""
        judged, stamped = self.walls(by)
        shut = []
        for window in self.windows:
            lates = self.lates(by, judged, window)
            if window.holds(call_class) and len(lates) >= self.most(window):
                late = lates[self.most(window) - 1]
                shut.append((min(late, 0) + window.span_us, late + window.span_us))
        soonest = max((soon for soon, _ in shut), default=0)
        latest = max((late for _, late in shut), default=0)
        if self.block:
            clock, until, until_wall = self.block
            blocked = until - by.now if clock == by.clock else until_wall - judged + self.margin
            if blocked > soonest:
                soonest, latest = blocked, max(latest, blocked)
        if soonest > 0:
            return soonest, latest
        call = Call(by.clock, by.now, by.now + self.hold_us, stamped, stamped + self.hold_us, call_class)
        return call, None

    def settle(self, number: int, now: int) -> None:
        call = self.calls[number]
        if call.settled:
            return
        call.settled = True
        call.last_us = min(call.last_us, max(call.at_us, now))
        call.last_wall = min(call.last_wall, call.at_wall + max(0, now - call.at_us))

    def close(self, by: Asking, for_us: int) -> None:
        judged, stamped = self.walls(by)
        until, until_wall = by.now + for_us, stamped + for_us
        if self.block:
            clock, old, old_wall = self.block
            until = max(until, old if clock == by.clock else by.now + old_wall - judged + self.margin)
            until_wall = max(until_wall, old_wall)
        self.block = (by.clock, until, until_wall)

    def tighten(self, by: Asking, window: Window, limit: int, remaining: int) -> int:
        """How many calls the provider has counted that we have not; they are kept under negative numbers."""
        if 0 < limit < self.most(window):
            self.limits[window] = limit
        most = self.most(window)
        if remaining >= most:
            return 0
        judged, stamped = self.walls(by)
        every = Window(max_calls=most, span_s=window.span_s)
        missing = max(most - remaining - len(self.lates(by, judged, every)), 0)
        for _ in range(missing):
            call = Call(by.clock, by.now, by.now, stamped, stamped, CallClass.INTERACTIVE, settled=True)
            self.calls[-1 - len(self.calls)] = call
        return missing
