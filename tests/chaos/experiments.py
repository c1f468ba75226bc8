"""What is done to the spine. The slice and the deep run do the same, in different numbers."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from tests.chaos.arena import LEASE_S

if TYPE_CHECKING:
    import random

    from tests.chaos.arena import Arena, Unit

# A lease to run out, a keeper's turn, a hint; twice that, because a busy machine starts workers slowly.
QUIET_S = 2 * LEASE_S + 2
ENOUGH_S = 90
QUIET_HOWS = ("group", "child", "parent")
HOWS = ("group", "group", "child", "parent", "all")


def some_traffic(arena: Arena, dice: random.Random, runs: int = 1) -> None:
    for _ in range(runs):
        arena.start_runs(dice.choice(("fan", "pages")), 1, parts=dice.randint(3, 8))


def busy_unit(arena: Arena, dice: random.Random, *, step: str = "") -> Unit:
    """Wait until a worker has something in hand: a step of that name, or any after a while by the dice."""
    if not step:
        time.sleep(dice.uniform(0, 0.5))
    ends_at = time.monotonic() + 30
    while time.monotonic() < ends_at:
        for unit in dice.sample(arena.units, len(arena.units)):
            if any(step in name for _, name, _ in arena.running(unit.workers())):
                return unit
        time.sleep(0.01)
    message = "no worker has anything to do\n" + arena.logs()
    raise AssertionError(message)


def keep_busy(arena: Arena, dice: random.Random, unit: Unit) -> None:
    """Start runs until this worker has a step of one in hand: the other may be quicker for a while."""
    ends_at = time.monotonic() + ENOUGH_S
    while not arena.running(unit.workers()):
        assert time.monotonic() < ends_at, f"this worker gets nothing to do\n{arena.logs()}"
        some_traffic(arena, dice)
        time.sleep(0.1)


def strike(arena: Arena, unit: Unit, how: str) -> dict[tuple[int, str, str], int]:
    """Kill, start again what a supervisor would, and return what was in the dead hands."""
    units = arena.units if how == "all" else [unit]
    doomed = [pid for each in units for pid in arena.kill(each, "group" if how == "all" else how)]
    victims = arena.running(doomed)
    for each in units:
        if not each.pids():
            arena.launch(each)
    return victims


def kills_in_traffic(arena: Arena, dice: random.Random, count: int) -> int:
    """Kill while new runs keep coming; return how many steps were in flight."""
    in_flight = 0
    for n in range(count):
        some_traffic(arena, dice, 2)
        victims = strike(arena, busy_unit(arena, dice), HOWS[n % len(HOWS)])
        in_flight += len(victims)
        arena.recover(victims, ENOUGH_S)
    arena.wait(ENOUGH_S)
    return in_flight


def kills_in_quiet(arena: Arena, dice: random.Random, count: int) -> int:
    """Kill when nothing else happens: no new message may be needed for anything to be taken over."""
    in_flight = 0
    for n in range(count):
        arena.until_ready()
        some_traffic(arena, dice)
        victims = strike(arena, busy_unit(arena, dice), QUIET_HOWS[n % len(QUIET_HOWS)])
        in_flight += len(victims)
        arena.recover(victims, ENOUGH_S)
        arena.wait(ENOUGH_S)
    return in_flight


def valkey_wipes(arena: Arena, dice: random.Random, count: int) -> None:
    """Kill the queue and start an empty one; the workers must live on."""
    pids = [unit.workers() for unit in arena.units]
    for _ in range(count):
        some_traffic(arena, dice, 3)
        busy_unit(arena, dice)
        arena.valkey.kill()
        shutil.rmtree(arena.valkey.data_dir / "appendonlydir", ignore_errors=True)
        time.sleep(dice.uniform(0.2, 1.0))
        arena.valkey.start()
        arena.wait(ENOUGH_S)
    assert [unit.workers() for unit in arena.units] == pids, "workers died with the queue"


def postgres_kills(arena: Arena, dice: random.Random, count: int) -> None:
    """Kill the database with all its processes; the workers must live on, and no step is charged for it."""
    pids = [unit.workers() for unit in arena.units]
    crashes = arena.verdict().crashes
    for _ in range(count):
        some_traffic(arena, dice, 3)
        busy_unit(arena, dice)
        arena.postgres.kill()
        time.sleep(dice.uniform(0.2, 1.0))
        arena.postgres.start()
        arena.wait(ENOUGH_S)
    assert [unit.workers() for unit in arena.units] == pids, "workers died with the database"
    assert arena.verdict().crashes == crashes, "innocent steps were charged for a database that was away"


def deploys(arena: Arena, dice: random.Random, count: int) -> list[float]:
    """Stop workers politely under load and start them again; no step is charged for it."""
    crashes = arena.verdict().crashes
    took = []
    for _ in range(count):
        some_traffic(arena, dice, 3)
        unit = busy_unit(arena, dice)
        took.append(arena.terminate(unit))
        arena.launch(unit)
    arena.wait(ENOUGH_S)
    assert arena.verdict().crashes == crashes, "a polite stop was charged as a crash"
    return took


def zombies(arena: Arena, dice: random.Random, count: int, *, step: str = "") -> None:
    """Freeze workers for longer than a lease: others take over, and what wakes up must write nothing."""
    for _ in range(count):
        some_traffic(arena, dice, 2)
        unit = busy_unit(arena, dice, step=step)
        arena.freeze(unit)
        victims = arena.running(unit.workers())
        arena.recover(victims, ENOUGH_S)
        arena.thaw(unit)
    arena.wait(ENOUGH_S)


def poisons(arena: Arena, dice: random.Random, count: int) -> list[tuple[int, str, str]]:
    """Mix steps that kill their process with innocent ones; return the guilty."""
    guilty = arena.start_runs("poison", count) + arena.start_runs("wrong", 1)
    for _ in range(3):
        some_traffic(arena, dice, 2)
        time.sleep(0.5)
    ends_at = time.monotonic() + ENOUGH_S
    while arena.sql("SELECT 1 FROM pipeline_runs WHERE state = 'running'"):
        for unit in arena.units:
            if not unit.pids():
                arena.launch(unit)
        assert time.monotonic() < ends_at, arena.logs()
        time.sleep(0.05)
    return [(run, "bad", "") for run in guilty]
