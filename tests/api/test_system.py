from __future__ import annotations

import pytest

from tests.api.conftest import client_of, settings_for

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


async def test_market_time_that_does_not_end_has_no_end(database_url: str) -> None:
    async with client_of(settings_for(database_url)) as client:
        system = (await client.get("/api/system")).json()
    assert (system["clock"], system["market_speed"], system["market_until"]) == ("wall", 1.0, None)
