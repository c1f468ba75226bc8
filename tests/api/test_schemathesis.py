"""Everything that the description allows, and much that it does not, against the API as it runs in production."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.bootstrap import House
from app.domain.pipelines import PipelineSpec, StepSpec
from tests.api.conftest import settings_for
from tests.api.granian import serving
from tests.db.market import Bar, Market

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack, pytest.mark.slow]
CONFIG = Path(__file__).with_name("schemathesis.toml")
LEAST_CASES = 1_000
# As many examples of each operation as Hypothesis' profiles ask for elsewhere, in proportion.
EXAMPLES = {"deep": 300}.get(os.environ.get("HYPOTHESIS_PROFILE", "dev"), 6)  # noqa: TID251  tests choose their profile
SPEC = PipelineSpec(
    name="daily_bars",
    summary="What the description's examples name.",
    cron="0 17 * * 1-5",
    steps=(StepSpec(name="plan", summary=""), StepSpec(name="merge", summary="", needs=("plan",))),
)


@pytest.fixture
def market(database_url: str) -> Iterator[str]:
    """A small market, so that the description's examples find something."""
    writer = Market(database_url)
    for symbol in ("AAPL", "MSFT", "XOM", "BRK.B"):
        instrument = writer.instrument(symbol, f"{symbol} Inc.", mic="XNYS", sector="Energy")
        writer.bars(instrument, [Bar(date(2010, 5, day), 10.0, 12.0, 9.0, 11.0, 100.0) for day in (3, 4, 5, 6, 7)])
        writer.split(instrument, date(2010, 5, 5), (1, 2))
    yield database_url
    writer.close()


@pytest.mark.timeout(600)
async def test_no_case_fails(
    market: str, queue_url: str, cache_url: str, bearer: dict[str, str], tmp_path: Path
) -> None:
    async with House(settings_for(market), name="test") as house:
        await house.spine.schedule.declare([SPEC], datetime(2010, 4, 26, tzinfo=UTC))
        for window in ("a", "b", "c"):
            await house.pipelines.start(SPEC.name, window, {})
    more = {"POLYGON_API_KEY": "polygon-key", "REDIS_URL": queue_url, "GROAT_CACHE_URL": cache_url}
    with serving(tmp_path, market, **more) as api:
        done = await asyncio.to_thread(run_cases, api.url, bearer["Authorization"], tmp_path)
        log = api.log.read_text()
    assert done.returncode == 0, done.stdout
    counted = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert counted, done.stdout
    assert int(counted[1]) >= LEAST_CASES, "too few cases: raise EXAMPLES"
    assert "Traceback" not in log


def run_cases(url: str, authorization: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
        *("--config-file", str(CONFIG), "run", f"{url}/api/openapi.json", "--no-color", "--checks", "all"),
        *("--header", f"Authorization: {authorization}", "--continue-on-failure"),
        *("--max-examples", str(EXAMPLES), "--generation-deterministic", "--generation-allow-x00", "true"),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
