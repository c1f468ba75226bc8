"""What the launcher decides before it starts anything: mirrors, ports, plans, credentials, market time."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ops.local import market, plan, setup, stack
from ops.local.envfile import CREDENTIALS, DEMO_KEY, EnvFile, market_keys
from ops.local.errors import LocalStackError
from ops.local.mirror import sources_for_release
from ops.local.state import State, identity

DEB822 = """\
Types: deb deb-src
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /keys/of-the-entry.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
Signed-By: /keys/of-the-entry.gpg
"""
ONE_LINE = """\
# deb http://off.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/one.gpg] http://one.example/debian bookworm main contrib
deb http://one.example/security bookworm-security main
"""


def _apt(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder


def test_a_deb822_mirror_is_used_for_our_release(tmp_path: Path) -> None:
    root = _apt(tmp_path, "sources.list.d/debian.sources", DEB822)
    assert sources_for_release(root, keyring=tmp_path / "absent") == [
        "deb [signed-by=/keys/of-the-entry.gpg] http://mirror.example/debian trixie main",
        "deb [signed-by=/keys/of-the-entry.gpg] http://mirror.example/security trixie-security main",
    ]


def test_a_one_line_mirror_is_used_with_the_system_keyring(tmp_path: Path) -> None:
    root = _apt(tmp_path, "sources.list", ONE_LINE)
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    assert sources_for_release(root, keyring) == [
        f"deb [signed-by={keyring}] http://one.example/debian trixie main",
        f"deb [signed-by={keyring}] http://one.example/security trixie-security main",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "deb http://ubuntu.example/ubuntu noble main\n",
        "deb http://no-key.example/debian bookworm main\n",
        "",
    ],
)
def test_other_machines_offer_no_mirror(tmp_path: Path, text: str) -> None:
    root = _apt(tmp_path, "sources.list", text)
    assert sources_for_release(root, keyring=tmp_path / "absent") == []


def test_the_process_list_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT_API", "8123")
    words = dict.fromkeys(("python", "groat", "data", "postgres", "pg_isready", "valkey_server"), "x")
    read = plan.read_plan(words, set())
    order = [process.name for process in read.processes]
    assert order.index("postgres") < order.index("migrate") < order.index("api")
    assert read.ports["api"] == 8123
    assert read["worker"].grace_s == 30
    assert "{" not in json.dumps([process.command for process in read.processes])
    known = set(order)
    for process in read.processes:
        assert process.depends_on.keys() <= known
        assert set(process.ports) <= read.ports.keys()
        assert process.description


def test_what_is_given_from_outside_is_left_out_and_not_waited_for() -> None:
    without = plan.left_out({"DATABASE_URL", "REDIS_URL"}, replay=False)
    assert without == {"postgres", "valkey-queue", "replay"}
    words = dict.fromkeys(("python", "groat", "data", "postgres", "pg_isready", "valkey_server"), "x")
    read = plan.read_plan(words, without)
    assert read["migrate"].depends_on == {}
    assert read["api"].depends_on == {"migrate": "completed", "valkey-cache": "healthy"}


def test_a_port_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT_POSTGRES", "70000")
    with pytest.raises(LocalStackError, match="PORT_POSTGRES was '70000'"):
        plan.read_ports()


def test_credentials_are_made_once_and_never_replaced_silently(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    setup.run(state)
    first = EnvFile(state.env_file).values()
    assert set(CREDENTIALS) <= first.keys()
    assert len(first["SECRET_KEY"]) == 64
    assert first["POLYGON_API_KEY"].startswith(DEMO_KEY)
    assert state.env_file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(LocalStackError, match="--rotate"):
        setup.run(state)
    assert EnvFile(state.env_file).values() == first
    setup.run(state, rotate="DB_PASSWORD")
    changed = {name for name, value in EnvFile(state.env_file).values().items() if value != first[name]}
    assert changed == {"DB_PASSWORD"}


def test_the_other_providers_get_keys_for_the_replay_and_keep_their_own() -> None:
    made = market_keys({"FINNHUB_API_KEY": "my-own"}, replay=True)
    assert made.keys() == {"ALPHA_VANTAGE_API_KEY", "NEWS_API_KEY"}
    assert all(key is not None and key.startswith(DEMO_KEY) for key in made.values())
    kept = {name: key for name, key in made.items() if key}
    assert market_keys({**kept, "FINNHUB_API_KEY": "my-own"}, replay=True) == {}
    assert market_keys({**kept, "FINNHUB_API_KEY": "my-own"}, replay=False) == dict.fromkeys(made)


def test_the_users_own_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "groat.env"
    path.write_text("# mine\nFINNHUB_API_KEY='k'\nGROAT_CLOCK__MODE=wall\n")
    file = EnvFile(path)
    file.put({"GROAT_CLOCK__MODE": "replay", "GROAT_CLOCK__RUN": None, "NEW": "1"})
    file.save()
    assert path.read_text() == "# mine\nFINNHUB_API_KEY='k'\nGROAT_CLOCK__MODE=replay\nNEW=1\n"


def test_an_address_of_our_own_is_told_from_one_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    ours = {"DATABASE_URL": "postgresql://groat:old@127.0.0.1:15432/groat", "DB_PASSWORD": "new"}
    theirs = ours | {"DATABASE_URL": "postgresql://me:pw@db.example/groat"}
    assert not stack._is_given("postgres", "DATABASE_URL", ours)
    assert stack._is_given("postgres", "DATABASE_URL", theirs)
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    assert stack._is_given("postgres", "DATABASE_URL", ours)


def test_two_markets_never_share_a_database(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.prepare()
    stack._refuse_other_market(state, replay=True, own_database=True)
    stack._refuse_other_market(state, replay=True, own_database=True)
    stack._refuse_other_market(state, replay=False, own_database=False)
    with pytest.raises(LocalStackError, match="unset POLYGON_API_KEY"):
        stack._refuse_other_market(state, replay=False, own_database=True)


def test_market_time_never_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000_000
    monkeypatch.setattr(market, "boot_us", lambda: now)
    first = market.MarketTime(tmp_path)
    began = first.anchor({})
    now += 10_000_000  # ten seconds of the machine are sixteen hours of the market
    first.save()
    now += 900_000  # lived, but not saved: then the power goes
    lived_until = datetime.fromisoformat(began["GROAT_CLOCK__MARKET_AT"]) + timedelta(seconds=10.9 * 5760)
    second = market.MarketTime(tmp_path).anchor({})
    assert datetime.fromisoformat(second["GROAT_CLOCK__MARKET_AT"]) > lived_until
    assert second["GROAT_CLOCK__RUN"] == began["GROAT_CLOCK__RUN"]


def test_market_time_of_an_orphaned_stack_ran_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000_000
    monkeypatch.setattr(market, "boot_us", lambda: now)
    settings = market.MarketTime(tmp_path).anchor({})
    now += 60_000_000
    found = market.MarketTime(tmp_path)
    found.adopt(settings)
    found.save(clean=True)
    again = market.MarketTime(tmp_path).anchor({})
    ran = datetime.fromisoformat(again["GROAT_CLOCK__MARKET_AT"]) - datetime.fromisoformat(market.OPENS_AT)
    assert ran == timedelta(seconds=60 * 5760)


def test_the_market_can_stay_at_its_end_for_years(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000_000
    monkeypatch.setattr(market, "boot_us", lambda: now)
    found = market.MarketTime(tmp_path)
    found.anchor({})
    now += 400 * 86_400 * 1_000_000
    found.save(clean=True)
    assert market.MarketTime(tmp_path).anchor({})["GROAT_CLOCK__MARKET_AT"].startswith("8")


def test_a_reused_pid_is_not_taken_for_ours(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.prepare()
    running = state.read_running()
    pid, ticks = identity(1)
    running.launcher = [pid, ticks + 1]
    running.processes = {"api": [pid, ticks]}
    state.write_running(running)
    assert state.read_running().launcher_pid is None
    assert state.read_running().living() == {"api": 1}
