"""PostgreSQL is killed under the API: reads say so, and go on by themselves when it is back."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from migrations.runner import migrate
from ops.local.ports import free_port
from ops.local.postgres import LocalPostgres
from tests.api.test_bars import reads_of
from tests.db.market import Market, bar
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.local.prefix import Binaries

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
READS = (
    "/api/bars?symbols=AAPL&from=2010-01-01&until=2010-02-01",
    "/api/quotes?symbols=AAPL",
    "/api/instruments",
    "/api/instruments/AAPL",
    "/api/instruments/search?q=aapl",
    "/api/actions",
)


@pytest.fixture
def own_postgres(binaries: Binaries, tmp_path: Path) -> Iterator[LocalPostgres]:
    with LocalPostgres(binaries, tmp_path / "data", free_port(), secrets.token_urlsafe(24)) as server:
        yield server


async def test_reads_go_on_after_postgresql_was_killed(own_postgres: LocalPostgres) -> None:
    own_postgres.ensure_database("groat")
    url = own_postgres.url("groat")
    await migrate(url, say=lambda _: None)
    async with reads_of(url) as reads:
        number = reads.market.instrument("AAPL", "Apple")
        reads.market.bars(number, [bar("2010-01-04")])
        reads.market.close()
        before = {path: (await reads.get(path)).content for path in READS}
        await until(reads.house.answers.is_alive)
        for path in READS:
            assert (await reads.get(path)).status_code == 200

        own_postgres.kill()
        await until(lambda: not reads.house.answers.is_alive())
        for path in READS:
            answer = await reads.get(path)
            assert answer.status_code == 503, "nothing is given that nobody can vouch for"
            assert int(answer.headers["retry-after"]) >= 1

        own_postgres.start()
        for path in READS:
            assert (await reads.get(path)).content == before[path]
        await until(reads.house.answers.is_alive)
        again = Market(url)
        again.bars(number, [bar("2010-01-05")])
        again.close()

        async def shows() -> bool:
            return len((await reads.json(READS[0]))["symbols"][0]["session"]) == 2

        await until(shows)
