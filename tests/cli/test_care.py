"""`groat settings`, `token`, `migrate`, `doctor` and the stack's verbs, run in this process."""

import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from app.cli import checkout, checks, door
from app.cli.frame import DOWN, FAILED, USAGE
from app.services import operator_tokens
from app.settings import load

KEY = secrets.token_urlsafe(48)
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture(autouse=True)
def only_these(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting but those that a test makes."""
    for name in list(os.environ):  # noqa: TID251  the test takes Groat's names out of it
        if name.startswith("GROAT_") or name in {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "POLYGON_API_KEY"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("GROAT_ENV_FILE", "")


def test_settings_are_shown_with_secrets_covered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://u:{KEY}@h/d")
    assert door.main(["settings"]) == 0
    plain = capsys.readouterr().out
    assert door.main(["settings", "--json"]) == 0
    machine = capsys.readouterr().out
    assert KEY not in plain + machine
    rows = {row["name"]: row for row in json.loads(machine)}
    assert rows["SECRET_KEY"]["value"] == "(set)"
    assert rows["DATABASE_URL"]["value"] == "postgresql://u:***@h/d"
    assert "postgresql://u:***@h/d" in plain


def test_settings_changed_shows_only_what_was_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROAT_API__PORT", "8123")
    assert door.main(["settings", "--changed", "--json"]) == 0
    assert [(row["name"], row["value"]) for row in json.loads(capsys.readouterr().out)] == [("GROAT_API__PORT", "8123")]


def test_a_wrong_setting_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GROAT_API__PROT", "8123")
    assert door.main(["settings"]) == USAGE
    assert capsys.readouterr().err == (
        "groat: GROAT_API__PROT is not a setting of Groat. Did you mean GROAT_API__PORT?\n"
    )


def test_token_mints_what_the_api_accepts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SECRET_KEY", KEY)
    assert door.main(["token"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert operator_tokens.verify(KEY, printed.out.strip()).jti


def test_token_tells_machines_when_it_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SECRET_KEY", KEY)
    before = datetime.now(UTC)
    assert door.main(["token", "--hours", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    ends = datetime.fromisoformat(told["expires_at"])
    assert operator_tokens.verify(KEY, told["token"]).expires_s == ends.timestamp()
    assert timedelta(hours=2) - timedelta(seconds=1) <= ends - before <= timedelta(hours=2, minutes=1)


@pytest.mark.parametrize(("key", "hours"), [("", "1"), ("change-me" * 9, "1"), (KEY, "25"), (KEY, "0"), (KEY, "nan")])
def test_token_refuses_weak_keys_and_long_lives(
    key: str, hours: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET_KEY", key)
    assert door.main(["token", "--hours", hours]) == USAGE
    assert capsys.readouterr().out == ""


def test_verbs_of_the_data_need_a_database(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["pipelines", "list"]) == USAGE
    assert "DATABASE_URL is not set" in capsys.readouterr().err
    monkeypatch.setattr("app.db.engine.CHECKOUT_S", 0.5)
    monkeypatch.setenv("DATABASE_URL", NOWHERE)
    assert door.main(["pipelines", "list"]) == DOWN
    assert capsys.readouterr().err.startswith("groat: PostgreSQL does not answer")


class TestStack:
    """The stack's verbs become `python -m ops.local`; here the last step is recorded, not taken."""

    @pytest.fixture
    def became(self, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
        seen: list[list[str]] = []

        def remember(_program: str, words: list[str]) -> None:
            seen.append(words[1:])
            raise SystemExit(0)

        monkeypatch.setattr("os.execv", remember)
        monkeypatch.setattr("app.telemetry.multiprocess.prepare", lambda *_, **__: None)
        monkeypatch.setattr("os.chdir", lambda _folder: None)
        return seen

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            (["up"], ["-m", "ops.local", "up"]),
            (["down", "--clean", "--yes"], ["-m", "ops.local", "down", "--clean", "--yes"]),
            (["status", "--json"], ["-m", "ops.local", "status", "--json"]),
            (["logs", "worker", "-f", "-n", "5"], ["-m", "ops.local", "logs", "worker", "--follow", "--lines", "5"]),
            (["logs"], ["-m", "ops.local", "logs", "--lines", "100"]),
            (["migrate"], ["-m", "migrations"]),
            (["work"], ["-m", "workers.main"]),
            (["schedule"], ["-m", "workers.scheduler"]),
        ],
    )
    def test_hands_over_by_name(self, words: list[str], expected: list[str], became: list[list[str]]) -> None:
        with pytest.raises(SystemExit):
            door.main(words)
        assert became == [expected]

    def test_says_so_where_there_is_no_checkout(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        monkeypatch.setattr(checkout, "ROOT", tmp_path)
        assert door.main(["up"]) == FAILED
        assert "this Groat is an installed package" in capsys.readouterr().err


class TestDoctor:
    def verdicts(self, **env: str) -> dict[str, tuple[str, str]]:
        settings = load(env)
        return {one.name: (one.verdict, one.found) for check in checks.CHECKS for one in check(settings)}

    def test_everything_missing_is_said_one_by_one(self) -> None:
        found = self.verdicts()
        assert {name for name, (verdict, _) in found.items() if verdict == "fail"} == {
            "SECRET_KEY",
            "database",
            "queue",
            "cache",
        }
        assert {found[name][0] for name in ("polygon", "alpha_vantage", "finnhub", "newsapi")} == {"warn"}
        assert found["market time"][0] == "ok"

    def test_what_does_not_answer_is_said_without_its_password(self) -> None:
        found = self.verdicts(
            DATABASE_URL="postgresql://u:hunter2@127.0.0.1:1/d",
            REDIS_URL="redis://:hunter2@127.0.0.1:1",
            POLYGON_API_KEY="hunter2",
            GROAT_POLYGON__URL="http://127.0.0.1:1",
            ALPHA_VANTAGE_API_KEY="hunter2",
            GROAT_ALPHA_VANTAGE__URL="http://127.0.0.1:1",
            GROAT_CLOCK__MODE="replay",
        )
        for name in ("database", "queue", "polygon", "alpha_vantage", "market time"):
            assert found[name][0] == "fail", name
        assert "hunter2" not in repr(found)

    @pytest.mark.stack
    def test_a_refusal_is_shown_until_it_is_asked_again(self, database_url: str) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("INSERT INTO allowances (id, provider, hold_us) VALUES ('a', 'finnhub', 1)")
            connection.execute("""
                INSERT INTO provider_capabilities (allowance, dataset, refused_at, reason, ask_again) VALUES
                  ('a', 'quotes', now(), 'no access', now() + interval '7 days'), ('a', 'news', now(), 'x', now())
            """)
        shown = list(checks.refusals(load({"DATABASE_URL": database_url})))
        assert [(one.name, one.verdict) for one in shown] == [("finnhub", "warn")]
        assert "quotes refused" in shown[0].found
        assert "no access" in shown[0].found

    def test_wrong_settings_end_the_round(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GROAT_API__PORT", "x")
        (only,) = checks.all_findings()
        assert (only.name, only.verdict) == ("settings", "fail")

    @pytest.mark.stack
    def test_a_migrated_database_and_live_valkeys_are_well(
        self, database_url: str, queue_url: str, cache_url: str
    ) -> None:
        found = self.verdicts(DATABASE_URL=database_url, REDIS_URL=queue_url, GROAT_CACHE_URL=cache_url, SECRET_KEY=KEY)
        assert found["database"][1].startswith("PostgreSQL 17")
        assert {
            found[name][0] for name in ("SECRET_KEY", "database", "schema", "database clock", "queue", "cache")
        } == {"ok"}

    @pytest.mark.stack
    def test_a_database_without_our_schema_fails(self, database_url: str) -> None:
        found = self.verdicts(DATABASE_URL=database_url.rpartition("/")[0] + "/postgres")
        assert found["schema"][0] == "fail"
        assert "still to run" in found["schema"][1]

    @pytest.mark.stack
    def test_a_queue_that_evicts_is_a_warning(self, cache_url: str) -> None:
        assert self.verdicts(REDIS_URL=cache_url)["queue"][0] == "warn"

    def test_the_machines_doctor_is_asked_too(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert door.main(["doctor", "--json"]) == FAILED
        found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
        assert found["python"]["verdict"] == "ok"
        assert found["SECRET_KEY"]["verdict"] == "fail"
