"""`groat providers`: the operator loosens, or lets every key rest."""

import asyncio
import json

import pytest

from app.bootstrap import House
from app.cli import door
from app.domain.quotas import Denied, LimitHint, Permit
from app.settings import load

pytestmark = pytest.mark.stack


@pytest.fixture
def settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("POLYGON_API_KEY", "not-a-real-polygon-key")


async def reserve(*, remaining: int | None = None) -> Permit | Denied:
    async with House(load(), name="test") as house:
        allowance = house.providers.get("polygon").allowance
        answer = await house.ledger.reserve(allowance, "test")
        if remaining is not None:
            await house.ledger.tighten(allowance, LimitHint(span_s=60, limit=1, remaining=remaining))
        return answer


@pytest.mark.usefixtures("settings")
def test_a_limit_that_was_told_is_forgotten_on_the_operators_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(asyncio.run(reserve(remaining=0)), Permit)
    assert isinstance(asyncio.run(reserve()), Denied)
    assert door.main(["providers", "loosen", "polygon"]) == 0
    assert capsys.readouterr().out == "polygon: the declared limits hold again for 1 key\n"
    assert isinstance(asyncio.run(reserve()), Permit)


@pytest.mark.usefixtures("settings")
def test_a_provider_that_was_never_used_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["providers", "loosen", "polygon"]) == 2
    assert "No key of 'polygon'" in capsys.readouterr().err


@pytest.mark.usefixtures("settings")
def test_after_a_restore_every_key_rests(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(asyncio.run(reserve()), Permit)
    assert door.main(["providers", "block", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"keys": 1}
    answer = asyncio.run(reserve())
    assert isinstance(answer, Denied)
    assert answer.soonest_us > 60_000_000
