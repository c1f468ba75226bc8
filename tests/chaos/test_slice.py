"""The slice of the chaos tests that every run of the tests does; `python -m tests.chaos.deep` does more of it.

Nothing may be lost or doubled, no innocent step may die, and what was in dead hands goes on soon. The two
negative controls show that these tests can fail.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from ops.local import processes
from tests.chaos import experiments
from tests.chaos.arena import LEASE_S, percentile
from tests.chaos.experiments import ENOUGH_S, QUIET_S
from tests.chaos.proxy import Proxy

if TYPE_CHECKING:
    from tests.chaos.arena import Arena

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(240)]

SEED = 20_100_506


def port_of(url: str) -> int:
    return int(urlsplit(url).port or 0)


def through(url: str, proxy: Proxy) -> str:
    return url.replace(f":{port_of(url)}/", f":{proxy.port}/")


def test_killed_workers_lose_and_double_nothing(arena: Arena) -> None:
    dice = random.Random(SEED)
    arena.add(processes=2)
    arena.add()
    in_flight = experiments.kills_in_quiet(arena, dice, 5)
    quiet = list(arena.recoveries)
    in_flight += experiments.kills_in_traffic(arena, dice, 5)
    verdict = arena.verdict()
    print(f"seed {SEED}: {verdict.steps} steps, {in_flight} in flight at 10 kills, recovery s:")
    for name, values in (("quiet", quiet), ("traffic", arena.recoveries[len(quiet) :])):
        print(f"  {name}: p50 {percentile(values, 0.5):.2f} p99 {percentile(values, 0.99):.2f} of {len(values)}")
    assert verdict.is_clean, verdict
    assert not verdict.dead, "innocent steps died"
    assert in_flight, "no kill hit anything: the test proves nothing"
    assert percentile(quiet, 0.5) <= QUIET_S


def test_servers_deploys_zombies_and_poison_lose_and_double_nothing(arena: Arena) -> None:
    dice = random.Random(SEED + 1)
    # Long enough that a busy machine alone never lets a lease run out: no crash may be charged here.
    arena.times["LEASE_S"] = "3"
    arena.add()
    arena.add()
    experiments.valkey_wipes(arena, dice, 2)
    experiments.postgres_kills(arena, dice, 2)
    took = experiments.deploys(arena, dice, 2)
    experiments.zombies(arena, dice, 3)
    guilty = experiments.poisons(arena, dice, 1)
    verdict = arena.verdict()
    print(f"seed {SEED + 1}: {verdict.steps} steps, stops took {', '.join(f'{s:.1f}' for s in took)} s")
    assert verdict.is_clean, verdict
    assert verdict.dead == sorted(guilty)
    errors = arena.sql("SELECT error FROM pipeline_steps WHERE state = 'dead' ORDER BY error")
    assert "SIGKILL" in errors[1][0]
    assert errors[0][0] == "GiveUpError: This never works."


def test_partitions_lose_and_double_nothing(arena: Arena) -> None:
    """One worker's network to both servers is cut, then frozen, then slow; the other worker's is fine."""
    dice = random.Random(SEED + 2)
    postgres, valkey = arena.addresses["DATABASE_URL"], arena.addresses["REDIS_URL"]
    with Proxy(port_of(postgres)) as to_postgres, Proxy(port_of(valkey)) as to_valkey:
        far = arena.add(DATABASE_URL=through(postgres, to_postgres), REDIS_URL=through(valkey, to_valkey))
        near = arena.add()
        pids = far.pids() + near.pids()
        for mode, which in (("cut", [to_postgres]), ("frozen", [to_postgres, to_valkey]), ("cut", [to_valkey])):
            experiments.keep_busy(arena, dice, far)
            for proxy in which:
                proxy.set(mode)  # type: ignore[arg-type]  # one of its modes
            victims = arena.running(far.workers())
            arena.recover(victims, ENOUGH_S)
            arena.wait(ENOUGH_S)
            for proxy in which:
                proxy.set("open")
        to_postgres.set("slow")
        to_valkey.set("slow")
        experiments.some_traffic(arena, dice, 3)
        arena.wait(ENOUGH_S)
        assert far.pids() + near.pids() == pids, "a worker died of its network"
        experiments.keep_busy(arena, dice, far)
        arena.wait(ENOUGH_S)
    verdict = arena.verdict()
    assert verdict.is_clean, verdict
    assert not verdict.dead


def test_control_without_the_fence_effects_double(arena: Arena) -> None:
    """The same zombies, but the guard of `done` is gone: the ledger must notice."""
    dice = random.Random(SEED + 3)
    arena.add("--no-fence")
    arena.add("--no-fence")
    doubled = 0
    for _ in range(5):
        experiments.zombies(arena, dice, 1, step="fetch")
        assert processes.wait_until(lambda: not arena.running(), ENOUGH_S)
        time.sleep(0.5)
        doubled = len(arena.verdict().doubled)
        if doubled:
            break
    assert doubled, "without the fence nothing was doubled: the fence test cannot fail"


def test_control_without_a_keeper_runs_hang_until_a_scheduler_comes(arena: Arena) -> None:
    arena.add("--no-keeper")
    runs = arena.start_runs("fan", 2)
    open_runs = "SELECT id FROM pipeline_runs WHERE state = 'running'"
    time.sleep(4 * LEASE_S)
    assert len(arena.sql(open_runs)) == len(runs), "runs move without a keeper: the keeper test cannot fail"
    assert arena.verdict().lost
    arena.add("--scheduler")
    arena.wait(ENOUGH_S)
    assert arena.verdict().is_clean
