"""Settings: what is read, what wins, what is refused, and what is never shown."""

import base64
import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import settings
from app.domain.errors import SettingsError
from app.settings.names import ESTABLISHED, OUTSIDE
from app.settings.reading import with_password

PASSWORD = "p/w@x:%?# y"
LEAVES = dict(settings.fields())
OWN = ["GROAT_" + "__".join(path).upper() for path in LEAVES]
SECRETS = [name for name, path in settings.names().items() if path in settings.secret_paths()]
LINE = st.text(st.characters(codec="ascii", min_codepoint=33, exclude_characters="'\""), min_size=1, max_size=40)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, an empty environment, and a checkout without a settings file."""
    for name in os.environ:  # noqa: TID251  the test takes Groat's names out of it
        if name.startswith("GROAT_") or name.removesuffix("_FILE") in {
            *settings.names(),
            "DB_PASSWORD",
            "REDIS_PASSWORD",
        }:
            monkeypatch.delenv(name)
    monkeypatch.setattr("app.settings.sources.CHECKOUT", tmp_path / "checkout")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".groat").mkdir()
    return tmp_path


def setenv(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def refusal(env: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        settings.load(env)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_set_gives_the_defaults() -> None:
    assert settings.load({}) == settings.Settings()


def test_sections_and_fields_are_read_with_their_types() -> None:
    found = settings.load({"GROAT_API__PORT": "9000", "GROAT_WORKER__LEASE_S": "2.5", "GROAT_LOG_LEVEL": "debug"})
    assert (found.api.port, found.worker.lease_s, found.log_level) == (9000, 2.5, "debug")


@pytest.mark.parametrize(("name", "path"), ESTABLISHED.items())
def test_established_names_are_honoured(name: str, path: tuple[str, ...]) -> None:
    scheme = {"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://h"}.get(name, "value")
    value: object = settings.load({name: scheme})
    for part in path:
        value = getattr(value, part)
    assert value == scheme


def test_every_name_of_the_tree_is_known() -> None:
    assert set(OWN) <= set(settings.names())


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GROAT_API__PRT", "GROAT_API__PORT"),
        ("GROAT_DATABASE_URL", "DATABASE_URL"),
        ("GROAT_LOGLEVEL", "GROAT_LOG_LEVEL"),
        ("GROAT_SECRET_KEY_FIL", "SECRET_KEY_FILE"),
        ("GROAT_CLOCK_SPEED", "GROAT_CLOCK__SPEED"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(name: str, meant: str) -> None:
    assert f"{name} is not a setting of Groat. Did you mean {meant}?" in refusal({name: "1"})


def test_unknown_name_that_resembles_nothing_points_to_the_list() -> None:
    assert "`groat settings` lists the names" in refusal({"GROAT_ZZZ": "1"})


def test_only_secrets_come_from_files() -> None:
    assert "set GROAT_API__PORT itself" in refusal({"GROAT_API__PORT_FILE": "/x"})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("GROAT_API__PORT", "many", "was 'many', but must be a whole number"),
        ("GROAT_API__PORT", "0", "a whole number >= 1"),
        ("GROAT_API__PORT", "65536", "a whole number <= 65535"),
        ("GROAT_WORKER__LEASE_S", "nan", "a number > 0"),
        ("GROAT_WORKER__LEASE_S", "inf", "a number <= 86400"),
        ("GROAT_CLOCK__ANCHOR_BOOT_US", "soon", "a whole number"),
        ("GROAT_CLOCK__MARKET_AT", "2010-04-26T09:30:00", "a time with its zone"),
        ("GROAT_CLOCK__MARKET_AT", "yesterday", "a time with its zone"),
        ("GROAT_POLYGON__HISTORY_FROM", "26.4.2010", "a date such as"),
        ("GROAT_ENVIRONMENT", "live", "one of dev, prod, test"),
        ("GROAT_POLYGON__URL", "api.polygon", "not an address such as http://"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be(name: str, value: str, words: str) -> None:
    message = refusal({name: value})
    assert message.startswith(name)
    assert words in message


@pytest.mark.parametrize("url", ["host=x password=hunter2", "postgresql://u:hunter2@[h", "postgresql://u:hunter2@h:x/"])
def test_a_wrong_address_is_refused_without_showing_it(url: str) -> None:
    message = refusal({"DATABASE_URL": url})
    assert "DATABASE_URL is not an address" in message
    assert "hunter2" not in message


def test_a_driver_in_the_address_is_dropped() -> None:
    found = settings.load({"DATABASE_URL": "postgresql+asyncpg://u@h/d"})
    assert found.database.url == "postgresql://u@h/d"


def test_two_names_for_one_setting_must_agree() -> None:
    assert "contradicts" in refusal({"SECRET_KEY": "a", "GROAT_SECRET_KEY": "b"})
    assert settings.load({"SECRET_KEY": "a", "GROAT_SECRET_KEY": "a"}).secret_key == "a"
    assert settings.load({"SECRET_KEY": "", "GROAT_SECRET_KEY": "b"}).secret_key == "b"
    assert settings.load({"SECRET_KEY": "a", "GROAT_SECRET_KEY": ""}).secret_key == "a"


@pytest.mark.parametrize("name", [*SECRETS, "DB_PASSWORD"])
def test_every_secret_has_a_file_twin(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("postgresql://h/d\n" if "DATABASE" in name else "redis://h\n")
    base = {"DATABASE_URL": "postgresql://u@h/d"} if name == "DB_PASSWORD" else {}
    whole = settings.load({**base, name + "_FILE": str(tmp_path / "secret")})
    assert whole == settings.load({**base, name: (tmp_path / "secret").read_text().strip()})
    assert whole != settings.Settings()


def test_file_twins_fail_clearly(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    assert "Both SECRET_KEY and SECRET_KEY_FILE" in refusal({"SECRET_KEY": "a", "SECRET_KEY_FILE": "/x"})
    assert "cannot be read (No such file" in refusal({"SECRET_KEY_FILE": str(tmp_path / "absent")})
    assert "cannot be read (Is a directory" in refusal({"SECRET_KEY_FILE": str(tmp_path)})
    assert "not text in UTF-8" in refusal({"SECRET_KEY_FILE": str(tmp_path / "binary")})


def test_an_empty_twin_counts_as_unset() -> None:
    assert settings.load({"SECRET_KEY": "a", "SECRET_KEY_FILE": ""}).secret_key == "a"


def test_passwords_go_into_urls_that_have_none() -> None:
    found = settings.load(
        {
            "DATABASE_URL": "postgresql://groat@h:1/d",
            "DB_PASSWORD": PASSWORD,
            "REDIS_URL": "redis://h:2",
            "GROAT_CACHE_URL": "redis://:own@h:3",
            "REDIS_PASSWORD": "r",
        }
    )
    assert found.database.url == "postgresql://groat:p%2Fw%40x%3A%25%3F%23%20y@h:1/d"
    assert found.redis.url == "redis://:r@h:2"
    assert found.redis.cache_url == "redis://:own@h:3"


@given(password=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@example(password=PASSWORD)
def test_any_password_survives_the_url(password: str) -> None:
    parts = urlsplit(with_password("postgresql://me@host:5432/db?sslmode=disable", password))
    assert unquote(parts.password or "") == password
    assert (parts.username, parts.hostname, parts.port, parts.path) == ("me", "host", 5432, "/db")


class TestLayers:
    def test_the_environment_wins_over_the_file(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / ".groat/groat.env").write_text("GROAT_API__PORT=9001\nGROAT_LOG_LEVEL=debug\n")
        setenv(monkeypatch, GROAT_API__PORT="9002")
        found = settings.load()
        assert (found.api.port, found.log_level) == (9002, "debug")

    def test_another_name_or_a_file_twin_above_wins_too(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / ".groat/groat.env").write_text("SECRET_KEY=below\nDATABASE_URL=postgresql://below/d\n")
        (folder / "key").write_text("above")
        setenv(monkeypatch, SECRET_KEY_FILE=str(folder / "key"), GROAT_DATABASE__URL="postgresql://above/d")
        found = settings.load()
        assert (found.secret_key, found.database.url) == ("above", "postgresql://above/d")

    def test_an_empty_value_above_unsets(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / ".groat/groat.env").write_text("POLYGON_API_KEY=k\n")
        setenv(monkeypatch, POLYGON_API_KEY="")
        assert settings.load().keys.polygon == ""

    def test_the_files_password_is_not_sent_to_a_server_named_above(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / ".groat/groat.env").write_text(
            "REDIS_PASSWORD=files\nDB_PASSWORD=d\nDATABASE_URL=postgresql://u@h/d\n"
        )
        setenv(monkeypatch, REDIS_URL="redis://elsewhere", DB_PASSWORD="e")
        found = settings.load()
        assert (found.redis.url, found.database.url) == ("redis://elsewhere", "postgresql://u:e@h/d")

    def test_a_named_file_must_be_there(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        setenv(monkeypatch, GROAT_ENV_FILE=str(folder / "absent"))
        with pytest.raises(SettingsError, match=r"GROAT_ENV_FILE names .*absent, which is not there"):
            settings.load()

    def test_an_empty_name_means_no_file(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / ".groat/groat.env").write_text("GROAT_API__PORT=9001\n")
        setenv(monkeypatch, GROAT_ENV_FILE="")
        assert settings.load().api.port == 8000

    def test_the_checkouts_file_is_found_from_anywhere(self, folder: Path) -> None:
        (folder / "checkout/.groat").mkdir(parents=True)
        (folder / "checkout/.groat/groat.env").write_text("GROAT_API__PORT=9001\n")
        assert settings.load().api.port == 9001
        assert settings.environment()["GROAT_API__PORT"] == "9001"

    def test_a_file_of_somebody_else_must_be_named(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = folder / ".groat/groat.env"
        path.write_text("GROAT_API__PORT=9001\n")
        monkeypatch.setattr("app.settings.sources.os.geteuid", lambda: 54321)
        if path.stat().st_uid == 0:
            os.chown(path, 12345, -1)
        with pytest.raises(SettingsError, match="belongs to somebody else"):
            settings.load()
        setenv(monkeypatch, GROAT_ENV_FILE=str(path))
        assert settings.load().api.port == 9001

    def test_a_misspelt_name_in_the_file_is_refused(self, folder: Path) -> None:
        (folder / ".groat/groat.env").write_text("GROAT_API__PROT=9001\n")
        with pytest.raises(SettingsError, match="Did you mean GROAT_API__PORT"):
            settings.load()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A=1\nhunter2", "line 2, is not of the form KEY=value"),
        ("export A=hunter2", "line 1, is not of the form"),
        ("=hunter2", "line 1, is not of the form"),
        ("# note\n\nA=1\nA=hunter2", "line 4, sets A a second time"),
    ],
)
def test_bad_lines_are_named_but_not_shown(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "env").write_text(text)
    with pytest.raises(SettingsError) as caught:
        settings.read_env_file(tmp_path / "env")
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


@given(
    pairs=st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,20}", fullmatch=True), LINE, max_size=8),
    quote=st.sampled_from(["", "'", '"']),
)
def test_an_env_file_reads_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, pairs: dict[str, str], quote: str
) -> None:
    path = tmp_path_factory.mktemp("env") / "groat.env"
    path.write_text("".join(f"{key}={quote}{value}{quote}\n" for key, value in pairs.items()))
    assert settings.read_env_file(path) == pairs


def test_a_lone_quote_is_part_of_the_value(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("A=it's'\nB='\nC=\n")
    assert settings.read_env_file(tmp_path / "env") == {"A": "it's'", "B": "'", "C": ""}


@given(name=st.sampled_from(OWN), value=LINE)
def test_any_value_is_read_or_refused_in_one_line(name: str, value: str) -> None:
    said = ""
    try:
        assert isinstance(settings.load({name: value}), settings.Settings)
    except SettingsError as e:
        said = str(e)
    assert not said or said.startswith(name)
    assert "\n" not in said


class TestShowing:
    def test_no_secret_is_ever_shown(self) -> None:
        hidden = secrets.token_hex(8)
        env = {name: f"postgresql://u:{hidden}@h/d" if "DATABASE" in name else hidden for name in ESTABLISHED}
        env |= {"REDIS_URL": "redis://h", "REDIS_PASSWORD": hidden, "GROAT_CACHE_URL": f"redis://h?password={hidden}"}
        reading = settings.read(env)
        assert hidden in repr(reading.settings)
        assert hidden not in repr(settings.redacted(reading.settings))
        assert hidden not in repr(settings.rows(reading))

    def test_an_address_is_shown_without_its_password(self) -> None:
        shown = settings.redacted(settings.load({"DATABASE_URL": "postgresql://u@h:5/d", "DB_PASSWORD": "x"}))
        assert shown["DATABASE_URL"] == "postgresql://u:***@h:5/d"
        assert (shown["SECRET_KEY"], shown["REDIS_URL"]) == ("(not set)", "(not set)")

    def test_each_row_says_where_it_came_from(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / ".groat/groat.env").write_text("GROAT_API__PORT=9001\n")
        setenv(monkeypatch, SECRET_KEY="x")
        found = {row.name: row for row in settings.rows(settings.read())}
        assert found["GROAT_API__PORT"].source == "GROAT_API__PORT (.groat/groat.env)"
        assert found["SECRET_KEY"].source == "SECRET_KEY (environment)"
        assert found["GROAT_LOG_LEVEL"].source == "default"
        assert found["GROAT_ENVIRONMENT"].choices == ("dev", "prod", "test")

    def test_every_setting_and_section_says_what_it_means(self) -> None:
        for row in settings.rows(settings.read({})):
            assert row.meaning.endswith("."), row.name
        assert all(OUTSIDE.values())


class TestSigningKey:
    @pytest.mark.parametrize(
        "key",
        [
            "",
            "short",
            "a" * 64,
            "change-me-please-0123456789-abcdefgh",
            "my-Secret-key-for-development-0123456789",
            secrets.token_hex(16),
            "0123456789abcdefghijklmnopqrstuvwxyz",
            "aK3_x9Qp7LzW" * 4,
        ],
    )
    def test_short_or_simple_keys_are_refused(self, key: str) -> None:
        with pytest.raises(SettingsError, match=r"SECRET_KEY .*ops/setup\.sh"):
            settings.signing_key(settings.Settings(secret_key=key))

    @given(st.binary(min_size=32, max_size=64).filter(lambda raw: len(set(raw)) > 24))
    def test_random_bytes_are_taken_in_any_spelling(self, raw: bytes) -> None:
        for key in (base64.urlsafe_b64encode(raw).decode(), base64.b85encode(raw).decode()):
            fit = settings.Settings(secret_key=key)
            if not any(
                word in key.lower() for word in ("change", "secret", "password", "example", "default", "insecure")
            ):
                assert settings.signing_key(fit) == key

    def test_what_setup_makes_is_taken(self) -> None:
        for _ in range(200):
            for key in (secrets.token_urlsafe(32), secrets.token_urlsafe(48), secrets.token_hex(32)):
                assert settings.signing_key(settings.Settings(secret_key=key)) == key
