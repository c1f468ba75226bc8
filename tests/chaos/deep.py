"""The deep run, some twenty minutes: `python -m tests.chaos.deep [--seed N] [--share 0.1]`.

The same experiments as the slice, more of each, both halves of the kills on the same seed. Prints one line an
experiment and ends with code 1 when anything was lost or doubled, or an innocent step died.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ops.local import processes
from ops.local.ports import free_port
from ops.local.postgres import LocalPostgres
from ops.local.prefix import default_root, ensure_prefix
from ops.local.valkey import LocalValkey
from tests.chaos import experiments
from tests.chaos.arena import Arena, closing, percentile

Experiment = Callable[[Arena, random.Random, int], object]


def fan_out(arena: Arena, _: random.Random, parts: int) -> str:
    """Split into thousands of parts, while one worker is killed in the middle."""
    began = time.monotonic()
    arena.start_runs("many", 1, parts=parts)
    processes.wait_until(lambda: arena.sql("SELECT count(*) FROM effects")[0][0] > parts // 3, 300)
    experiments.strike(arena, arena.units[0], "group")
    arena.wait(600)
    return f"{parts / (time.monotonic() - began):.0f} steps/s, one kill in between"


def dying_trigger(arena: Arena, dice: random.Random, count: int) -> str:
    """Kill whoever starts runs at any moment: each run is whole or absent."""
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            while True:
                experiments.some_traffic(arena, dice)
        time.sleep(dice.uniform(0.05, 0.3))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    arena.wait(600)
    halves = "SELECT id FROM pipeline_runs r WHERE NOT EXISTS (SELECT FROM pipeline_steps s WHERE s.run_id = r.id)"
    assert not arena.sql(halves), "a run without steps"
    return f"{arena.verdict().runs} runs, none without its steps;"


EXPERIMENTS: dict[str, tuple[Experiment, int, bool]] = {
    "kills, quiet": (experiments.kills_in_quiet, 60, True),
    "kills, traffic": (experiments.kills_in_traffic, 60, True),
    "Valkey wiped": (experiments.valkey_wipes, 10, False),
    "PostgreSQL killed": (experiments.postgres_kills, 10, False),
    "SIGTERM deploys": (experiments.deploys, 10, False),
    "SIGSTOP zombies": (experiments.zombies, 10, False),
    "poison": (experiments.poisons, 3, False),
    "fan-out": (fan_out, 5000, False),
    "dying trigger": (dying_trigger, 10, False),
}


# Here no crash may be charged at all, so a busy machine alone must not let a lease run out.
UNCHARGED = {"PostgreSQL killed", "SIGTERM deploys"}


class Servers(NamedTuple):
    """What every experiment breaks."""

    postgres: LocalPostgres
    valkey: LocalValkey


def run(name: str, seed: int, share: float, servers: Servers, folder: Path) -> bool:
    """Do one experiment in an arena of its own; print its line, and return whether it is clean."""
    experiment, count, has_parent = EXPERIMENTS[name]
    folder.mkdir()
    said: object = None
    failure = ""
    with closing(Arena(servers.postgres, servers.valkey, folder)) as arena:
        if name in UNCHARGED:
            arena.times["LEASE_S"] = "3"
        arena.add(processes=2 if has_parent else 1)
        arena.add()
        began = time.monotonic()
        try:
            said = experiment(arena, random.Random(seed), max(1, int(count * share)))
        except AssertionError as e:
            failure = str(e)
        verdict = arena.verdict()
    guilty = set(said) if isinstance(said, list) and name == "poison" else set()
    innocent_dead = set(verdict.dead) - guilty
    is_clean = verdict.is_clean and not innocent_dead and not failure
    shares = ((f"p{share:.0%}".rstrip("%"), percentile(arena.recoveries, share)) for share in (0.5, 0.9, 0.99))
    words = [
        f"{name:18} seed {seed}: {verdict.steps} steps, lost {len(verdict.lost)}, doubled {len(verdict.doubled)},",
        f"innocent dead {len(innocent_dead)}, crashes {verdict.crashes}",
        f"recovery {' '.join(f'{each} {value:.1f}' for each, value in shares)} s" if arena.recoveries else "",
        said if isinstance(said, str) else "",
        f"[{time.monotonic() - began:.0f} s]",
        "ok" if is_clean else f"FAILED {failure} {verdict}",
    ]
    print(" ".join(words), flush=True)
    return is_clean


def main() -> int:
    """Run what is asked for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.deep", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--share", type=float, default=1.0, help="of the full counts")
    parser.add_argument("--only", choices=sorted(EXPERIMENTS), action="append")
    asked = parser.parse_args()
    binaries = ensure_prefix(default_root())
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        password = secrets.token_urlsafe(16)
        with (
            LocalPostgres(binaries, folder / "postgres" / "data", free_port(), password) as postgres,
            LocalValkey(binaries, folder / "valkey" / "data", free_port(), password, "queue") as valkey,
        ):
            clean = [
                run(name, asked.seed, asked.share, Servers(postgres, valkey), folder / str(n))
                for n, name in enumerate(asked.only or EXPERIMENTS)
            ]
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
