"""Kill every part of a real Groat in the middle of a backfill: the table must not show it, nor the quota."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable  # noqa: TC003  the table of disasters is typed at run time
from typing import TYPE_CHECKING

import pytest

from tests.stack.groat import GroatStack

if TYPE_CHECKING:
    from pathlib import Path

    from ops.local.prefix import Binaries

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(400)]

FIRST = "2010-02-01"
# Slow enough that the backfill is under way while things die: 5 calls in 60 market seconds, some 2.5 calls a second.
SPEED = 30.0
FACTS = """
SELECT i.symbol, b.session, b.open::text, b.high::text, b.low::text, b.close::text, b.volume::text
FROM bars_daily b JOIN instruments i ON i.id = b.instrument_id WHERE b.session < '2010-04-26' ORDER BY 1, 2
"""
HELD = "SELECT symbol, session, rule FROM quarantine WHERE session < '2010-04-26' ORDER BY 1, 2, 3"
SESSIONS = """
SELECT count(*) FROM sessions WHERE mic = 'XNYS' AND session >= '2010-02-01' AND session < '2010-04-26'
"""
STORED = "SELECT count(DISTINCT session) FROM bars_daily WHERE session < '2010-04-26'"


def digest(stack: GroatStack) -> str:
    return hashlib.sha256(repr((stack.rows(FACTS), stack.rows(HELD))).encode()).hexdigest()


def stored(stack: GroatStack) -> int:
    found = stack.rows(STORED)
    return int(found[0][0]) if found else -1


def backfilled(stack: GroatStack) -> bool:
    return stored(stack) == int(stack.rows(SESSIONS)[0][0])


def peak(stack: GroatStack) -> int:
    return max(int(window["peak"]) for dialect in stack.audit() for window in dialect["windows"])


@pytest.fixture(scope="module")
def undisturbed(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the table is when nothing happens."""
    with GroatStack(binaries, tmp_path_factory.mktemp("calm"), history_from=FIRST) as stack:
        stack.start("work")
        stack.until(lambda: backfilled(stack), 120, "the backfill is complete")
        assert peak(stack) <= 5
        return digest(stack)


def progress(stack: GroatStack, more: int = 2) -> Callable[[], bool]:
    """Tell whether some more sessions have been stored since now."""
    before = stored(stack)
    return lambda: stored(stack) >= min(before + more, int((stack.rows(SESSIONS) or [(10**6,)])[0][0]))


def restart(verb: str) -> Callable[[GroatStack], None]:
    """Kill a process of ours, and start it again as its supervisor would."""

    def disaster(stack: GroatStack) -> None:
        stack.kill(verb)
        stack.start(verb)

    return disaster


def wipe_queue(stack: GroatStack) -> None:
    stack.queue.kill()
    for left in stack.queue.data_dir.rglob("*"):
        if left.suffix in {".aof", ".rdb", ".manifest"}:
            left.unlink()
    stack.queue.start()


def crash_postgres(stack: GroatStack) -> None:
    stack.postgres.kill()
    stack.postgres.start()


def kill_everything(stack: GroatStack) -> None:
    verbs = ("work", "serve", "schedule")
    for verb in verbs:
        stack.kill(verb)
    stack.queue.kill()
    stack.postgres.kill()
    stack.postgres.start()
    stack.queue.start()
    for verb in verbs:
        stack.start(verb)


DISASTERS: tuple[tuple[str, Callable[[GroatStack], None]], ...] = (
    ("worker", restart("work")),
    ("postgres", crash_postgres),
    ("queue wiped", wipe_queue),
    ("api", restart("serve")),
    ("scheduler", restart("schedule")),
    ("worker again", restart("work")),
    ("everything", kill_everything),
)


def test_kills_in_the_middle_of_a_backfill_change_nothing(binaries: Binaries, tmp_path: Path, undisturbed: str) -> None:
    with GroatStack(binaries, tmp_path, history_from=FIRST, speed=SPEED) as stack:
        for verb in ("serve", "work", "schedule"):
            stack.start(verb)
        stack.until(lambda: stored(stack) > 3, 60, "the backfill is under way")
        recoveries = {}
        for name, disaster in DISASTERS:
            assert not backfilled(stack), f"the backfill was over before {name}: slow it down"
            disaster(stack)
            recoveries[name] = round(stack.until(progress(stack), 40, f"it goes on after {name}"), 1)
        stack.until(lambda: backfilled(stack), 120, "the backfill is complete")
        stack.until(lambda: stack.api("/api/health/live") is not None, 10, "the API answers")
        print("seconds until two more sessions were stored:", recoveries)
        assert digest(stack) == undisturbed
        assert peak(stack) <= 5


def test_a_worker_killed_before_a_quiet_queue_loses_nothing(
    binaries: Binaries, tmp_path: Path, undisturbed: str
) -> None:
    """Nobody sends anything after the kill: only the lease and the keeper bring the lost step back."""
    with GroatStack(binaries, tmp_path, history_from=FIRST, speed=SPEED) as stack:
        stack.start("work")
        stack.until(lambda: stored(stack) > 20, 90, "much is stored")
        stack.kill("work")
        before = stored(stack)
        time.sleep(1)
        assert stored(stack) == before
        stack.start("work")
        stack.until(lambda: backfilled(stack), 120, "the backfill is complete")
        assert digest(stack) == undisturbed
        assert peak(stack) <= 5
