"""Processes of one host or two hammer one key while some are killed; ledgers that are nearly right are found out."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.db import quota_sql as sql
from app.domain.quotas import Window
from app.replay import allowance as replay
from tests.laws.hammer import HOLD_US, WINDOWS

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

ROOT = Path(__file__).parents[2]
KEY = "hammered"
# The server's time with all its jumps.
JUMPING = """
CREATE TABLE jumps (by interval);
CREATE OR REPLACE FUNCTION groat_server_time() RETURNS timestamptz LANGUAGE sql VOLATILE
AS $$ SELECT clock_timestamp() + coalesce((SELECT sum(by) FROM jumps), interval '0') $$
"""
JUMPS = ("-1 hour", "1 day", "-2 days", "10 minutes")


class Herd:
    """Processes that hammer one key, and what the provider has counted of them all."""

    def __init__(self, url: str, folder: Path, seed: int, hosts: int) -> None:
        self.url, self.folder, self.hosts = url, folder, hosts
        self.chance = random.Random(seed)
        self.running: list[subprocess.Popen[bytes]] = []
        self.started = 0
        self.control = psycopg.connect(url, autocommit=True)
        self.control.execute(sql.DECLARE, [KEY, "p", HOLD_US])
        self.control.execute("UPDATE allowances SET tol_us = 100000")
        for window in WINDOWS:
            self.control.execute(sql.DECLARE_WINDOW, [KEY, "any", window.span_us, window.max_calls])

    def start(self) -> None:
        self.started += 1
        host, seed = str(self.started % self.hosts), str(self.chance.random())
        with (self.folder / f"{self.started}.log").open("wb") as told:
            command = [sys.executable, "-m", "tests.laws.hammer", self.url, KEY, seed, host]
            self.running.append(subprocess.Popen(command, stdout=told, cwd=ROOT))

    def kill(self) -> None:
        victim = self.running.pop(self.chance.randrange(len(self.running)))
        victim.kill()
        victim.wait()

    def arrivals(self) -> list[int]:
        """Which calls the provider counted; a kill may cut a process's last line."""
        logs = [path.read_bytes() for path in self.folder.glob("*.log")]
        return sorted(int(line) for log in logs for line in log.splitlines(keepends=True) if line.endswith(b"\n"))

    async def grown(self, count: int) -> None:
        """Wait until so many calls were counted, however slowly a busy machine starts the processes."""
        for _ in range(240):
            if len(self.arrivals()) >= count:
                return
            await asyncio.sleep(0.5)
        pytest.fail(f"{len(self.arrivals())} calls of {count} in two minutes")

    def end(self) -> None:
        while self.running:
            self.kill()
        self.control.close()


def overrun(arrivals: list[int]) -> list[Window]:
    """The windows in which the provider counted more than it allows."""
    counts = [
        (window, replay.RollingCount(replay.Window("test", window.span_us, window.max_calls))) for window in WINDOWS
    ]
    for at in arrivals:
        for _, count in counts:
            count.is_full(at)
            count.add(at)
    return [window for window, count in counts if count.peak > window.max_calls]


@pytest.fixture
def hosts(request: pytest.FixtureRequest) -> int:
    return int(getattr(request, "param", 1))


@pytest.fixture
def herd(database_url: str, tmp_path: Path, hosts: int) -> Iterator[Herd]:
    herd = Herd(database_url, tmp_path, hosts, hosts)
    yield herd
    herd.end()


@pytest.mark.parametrize("hosts", [1, 2], indirect=True)
async def test_no_window_is_overrun_while_processes_are_killed_and_the_servers_time_jumps(herd: Herd) -> None:
    herd.control.execute(JUMPING)
    for _ in range(6):
        herd.start()
    await herd.grown(20)
    for jump in JUMPS:
        herd.control.execute("INSERT INTO jumps VALUES (%s)", [jump])
        herd.kill()
        herd.start()
        await asyncio.sleep(1.5)
    await herd.grown(len(herd.arrivals()) + 10)
    arrivals = herd.arrivals()
    print(f"{len(arrivals)} calls counted of {herd.started} processes")
    assert overrun(arrivals) == []


PROCEDURE = """
CREATE OR REPLACE PROCEDURE groat_reserve(
  p_allowance text, p_clock text, p_now bigint, p_speed float8, p_told timestamptz, p_class text, p_purpose text,
  INOUT call_id bigint, INOUT soonest_us bigint, INOUT latest_us bigint, INOUT why text
) LANGUAGE plpgsql AS $$
BEGIN
  -- first --
  WITH held AS MATERIALIZED (SELECT * FROM allowances WHERE id = p_allowance FOR NO KEY UPDATE)
  INSERT INTO provider_calls (allowance, clock_id, at_us, last_us, at_wall, last_wall, class, purpose)
  SELECT id, p_clock, p_now, p_now + hold_us, now(), now(), p_class, p_purpose FROM held
  WHERE NOT EXISTS (SELECT FROM quota_windows w WHERE w.allowance = held.id AND w.max_calls <= (
    SELECT count(*) FROM provider_calls c WHERE c.allowance = held.id AND c.last_us > p_now - w.span_us))
  RETURNING id INTO call_id;
  soonest_us := 10000; latest_us := 10000; why := CASE WHEN call_id IS NULL THEN 'full' END;
  COMMIT;
END $$
"""
NEARLY_RIGHT = {
    "no margin for what is under way": """
        CREATE FUNCTION flaw() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN NEW.last_us := NEW.at_us; NEW.last_wall := NEW.at_wall; RETURN NEW; END $$;
        CREATE TRIGGER flaw BEFORE INSERT ON provider_calls FOR EACH ROW EXECUTE FUNCTION flaw()
    """,
    "lock and count in one statement": PROCEDURE,
    "windows that begin on the minute": PROCEDURE.replace(
        "-- first --", "PERFORM FROM allowances WHERE id = p_allowance FOR NO KEY UPDATE;"
    ).replace("c.last_us > p_now - w.span_us", "c.at_us / w.span_us = p_now / w.span_us"),
}


@pytest.mark.parametrize("flaw", NEARLY_RIGHT)
async def test_a_ledger_that_is_nearly_right_is_found_out(herd: Herd, flaw: str) -> None:
    herd.control.execute(NEARLY_RIGHT[flaw])
    for _ in range(6):
        herd.start()
    for _ in range(60):
        await asyncio.sleep(0.5)
        if overrun(herd.arrivals()):
            return
    pytest.fail(f"{len(herd.arrivals())} calls in half a minute, and no window was overrun")
