"""Over a real socket: a whole day's bars, the limit at speed 1, the operator's pages."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from litestar.testing import TestClient

from app.replay.main import ReplayConfig, ReplayStartError, create_app, require_free
from app.replay.operator import is_loopback
from ops.local.ports import free_port
from tests.stack.replay import wait_for_port

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


class HandClock:
    """A clock that only the test moves."""

    clock_id = "replay:hand"
    speed = 1.0

    def __init__(self) -> None:
        self.at = datetime(2010, 4, 26, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def quota_us(self) -> int:
        return int(self.at.timestamp() * 1_000_000)

    def machine_s(self, market: timedelta) -> float:
        return market.total_seconds()


def test_the_minute_rolls_in_the_market_s_clock(replay_server: Callable[..., ReplayHandle]) -> None:
    clock = HandClock()
    replay = replay_server(clock=clock)
    seen = []
    with httpx.Client(headers=replay.headers) as client:
        for step_s in (0, 10, 10, 10, 10, 10, 10, 9, 1):
            clock.at += timedelta(seconds=step_s)
            seen.append(client.get(replay.url + DAY).status_code)
    # At 50 s the minute is full, and what is refused counts too; at 60 s the first has left.
    assert seen == [200, 200, 200, 200, 200, 429, 429, 429, 429]
    clock.at += timedelta(seconds=60)
    assert httpx.get(replay.url + DAY, headers=replay.headers).status_code == 200
    assert replay.peak() == 7  # from 20 s to 70 s


def test_a_bad_key_is_refused_and_not_counted(replay_server: Callable[..., ReplayHandle]) -> None:
    replay = replay_server()
    bodies = [httpx.get(replay.url + DAY), httpx.get(replay.url + DAY, headers={"Authorization": "Bearer wrong"})]
    assert [reply.status_code for reply in bodies] == [401, 401]
    assert [reply.json()["error"] for reply in bodies] == ["API Key was not provided", "Unknown API Key"]
    assert replay.audit().outcomes == {"bad_key": 2}
    assert replay.peak() == 0


def test_errors_count_as_requests(replay_server: Callable[..., ReplayHandle]) -> None:
    replay = replay_server()
    paths = ["/v3/nothing", "/v2/last/trade/SPY", DAY.replace("2010-04-23", "bad"), "/v3/reference/tickers/NOPE", DAY]
    codes = [httpx.get(replay.url + path, headers=replay.headers).status_code for path in [*paths, DAY]]
    assert codes == [404, 403, 400, 404, 200, 429]


def test_the_next_page_is_on_the_server_that_was_asked(replay_server: Callable[..., ReplayHandle]) -> None:
    replay = replay_server()
    reply = httpx.get(replay.url + f"/v3/reference/tickers?limit=2&apiKey={replay.key}")
    following = reply.json()["next_url"]
    assert following.startswith(replay.url + "/v3/reference/tickers?cursor=")
    assert replay.key not in following
    assert httpx.get(following).status_code == 401
    page = httpx.get(following, headers=replay.headers).json()
    assert [row["ticker"] for row in page["results"]] == ["AAAU", "AACB"]


def test_the_operator_s_pages_are_for_this_machine_only() -> None:
    config = ReplayConfig(dataset="splits", keys={"polygon": frozenset({"k"})})
    with TestClient(create_app(config, HandClock())) as elsewhere:
        assert elsewhere.get("/replay/audit").status_code == 403
        assert elsewhere.post("/replay/misbehave", content=b'{"kind":"reset"}').status_code == 403
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback("192.0.2.7")
    assert not is_loopback("")


def test_a_port_in_use_is_refused_with_advice(
    replay_server: Callable[..., ReplayHandle],
) -> None:
    replay = replay_server(dataset="splits")
    with pytest.raises(ReplayStartError, match="GROAT_REPLAY__PORT"):
        require_free("127.0.0.1", int(replay.url.rpartition(":")[2]))
    with socket.socket() as left:  # a port that was just closed is free
        left.bind(("127.0.0.1", 0))
        port = left.getsockname()[1]
    require_free("127.0.0.1", port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server(number: signal.Signals) -> None:
    port = free_port()
    code = (
        "import sys; from app.clock import WallClock; from app.replay.main import ReplayConfig, run;"
        "config = ReplayConfig(dataset='splits', keys={'polygon': frozenset({'k'})});"
        "run('127.0.0.1', int(sys.argv[1]), config, WallClock())"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(port)], stderr=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port)
            page = httpx.get(f"http://127.0.0.1:{port}/replay/clock").json()
            assert (page["state"], page["speed"]) == ("ended", 1.0)
            server.send_signal(number)
            assert server.wait(timeout=20) == 0
        finally:
            server.kill()
