"""Over a real socket: a whole day's bars, the limit at speed 1, the operator's pages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stack.replay import ReplayHandle

pytestmark = pytest.mark.stack
DAY = "/v2/aggs/grouped/locale/us/market/stocks/2010-04-23?adjusted=false"


def test_a_day_of_the_whole_market_comes_over_a_real_socket(replay_server: Callable[..., ReplayHandle]) -> None:
    replay = replay_server()
    reply = httpx.get(replay.url + DAY, headers=replay.headers)
    assert reply.status_code == 200
    body = reply.json()
    assert body["resultsCount"] == len(body["results"]) == 500
    assert {bar["t"] for bar in body["results"]} == {1272052800000}


def test_at_speed_one_the_sixth_request_of_a_minute_is_refused(replay_server: Callable[..., ReplayHandle]) -> None:
    replay = replay_server(speed=1.0)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: httpx.get(replay.url + DAY, headers=replay.headers), range(8)))
    codes = sorted(reply.status_code for reply in replies)
    assert codes == [200] * 5 + [429] * 3
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert refused.json()["status"] == "ERROR"
    assert refused.json()["error"].startswith("You've exceeded the maximum requests per minute")
    assert "retry-after" not in refused.headers
    audit = replay.audit()
    assert audit.outcomes == {"ok": 5, "too_many": 3}
    assert replay.peak() == 8


def test_the_audit_reveals_no_key(replay_server: Callable[..., ReplayHandle]) -> None:
    replay = replay_server(keys=frozenset({"s3cret-key"}))
    httpx.get(replay.url + DAY + "&apiKey=s3cret-key")
    text = httpx.get(replay.url + "/replay/audit").text
    assert '"total":1' in text
    assert "s3cret-key" not in text


def test_the_clock_page_says_when_the_replay_has_ended(replay_server: Callable[..., ReplayHandle]) -> None:
    end = datetime(2010, 8, 21, 0, 0, tzinfo=UTC)
    going = replay_server(market_at=datetime(2010, 8, 20, 15, 0, tzinfo=UTC), market_until=end)
    assert httpx.get(going.url + "/replay/clock").json()["state"] == "open"
    ended = replay_server(market_at=end, market_until=end)
    page = httpx.get(ended.url + "/replay/clock").json()
    assert page["state"] == "ended"
    assert "end" in page["message"]
    assert page["now"] == "2010-08-21T00:00:00Z"


def test_the_health_page_describes_the_data(replay_server: Callable[..., ReplayHandle]) -> None:
    page = httpx.get(replay_server(dataset="splits").url + "/replay/health").json()
    assert page["status"] == "ok"
    assert (page["dataset"], page["tickers"], page["bars"]) == ("splits", 5, 12_154)


def test_time_passes_at_the_replay_s_speed(replay_server: Callable[..., ReplayHandle]) -> None:
    # 60 market seconds pass in 6 machine milliseconds: no round trip is quick enough to be refused.
    replay = replay_server(speed=10_000.0)
    with httpx.Client(headers=replay.headers) as client:
        codes = [client.get(replay.url + "/v1/marketstatus/now").status_code for _ in range(3)]
    assert codes == [200, 200, 200]
