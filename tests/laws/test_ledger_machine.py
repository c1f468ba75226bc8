"""Whatever processes, clocks and hosts do, the provider never counts too many; and the check can fail."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.db import quota_sql as sql
from app.domain.quotas import Window
from tests.laws.ledger_machine import SECOND, TOL_US, LedgerMachine
from tests.laws.ledger_model import Asking
from tests.laws.ledger_world import Server

pytestmark = pytest.mark.stack

STEPS = 30
DEEP = 10_000
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    server = Server(database_url, processes=4)
    # Nothing here asks what a crash of PostgreSQL leaves behind.
    server.control.execute("ALTER SYSTEM SET fsync = off")
    server.control.execute("SELECT pg_reload_conf()")
    yield server
    server.control.execute("ALTER SYSTEM RESET fsync")
    server.control.execute("SELECT pg_reload_conf()")
    server.close()


def examples() -> int:
    """As many as the profile says, but no more than take some 20 s, unless it is the deep one."""
    asked = settings().max_examples
    return asked if asked >= DEEP else min(asked, 120)


def machine(server: Server, *, differs: bool) -> type[LedgerMachine]:
    return type("Machine", (LedgerMachine,), {"server": server, "differs": differs})


def test_the_provider_never_counts_more_than_it_allows_and_the_sql_is_the_model(server: Server) -> None:
    profile = settings(max_examples=examples(), stateful_step_count=STEPS, suppress_health_check=QUIET)
    run_state_machine_as_test(machine(server, differs=True), settings=profile)


# It reads well, and is wrong as soon as that time jumps.
FLAW = """
CREATE OR REPLACE FUNCTION groat_wall(
  p_allowance text, p_clock text, p_now bigint, p_speed float8, p_told timestamptz,
  OUT judged timestamptz, OUT stamped timestamptz
) LANGUAGE sql AS $$ SELECT groat_server_time(), groat_server_time() $$
"""


def test_the_machine_finds_a_ledger_that_believes_the_servers_time(server: Server) -> None:
    server.control.execute(FLAW)
    profile = settings(
        max_examples=2_000,
        stateful_step_count=STEPS,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=QUIET,
    )
    with pytest.raises(AssertionError, match="more than"):
        run_state_machine_as_test(machine(server, differs=False), settings=profile)


NO_MARGIN = """
CREATE OR REPLACE FUNCTION groat_margin_us(p_allowance text, p_speed float8) RETURNS bigint
LANGUAGE sql STABLE AS 'SELECT 0::bigint'
"""


@pytest.mark.parametrize("has_margin", [True, False])
def test_the_margin_covers_a_step_that_is_too_small_to_be_noticed(server: Server, *, has_margin: bool) -> None:
    """Without the margin, the other host calls again within the second."""
    if not has_margin:
        server.control.execute(NO_MARGIN)
    name = server.declare([Window(max_calls=1, span_s=1)], hold_us=1, tol_us=TOL_US)
    start, step = 10**9, TOL_US * 9 // 10

    def is_granted(host: int, at: int, jumped: int = 0) -> bool:
        by = Asking(f"host {host}", at + host * 10**12, at + jumped, at + jumped)
        row = server.run(host, sql.RESERVE, by, id=name, purpose="test", **{"class": "interactive"})
        return row[0] is not None

    assert is_granted(0, start)
    assert not is_granted(1, start)
    assert is_granted(0, start + 20 * SECOND)
    assert is_granted(1, start + 21 * SECOND - step // 2, step) == (not has_margin)
