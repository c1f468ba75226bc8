"""The embedded servers really start, survive being killed, and keep what they promised to keep."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ops.local.errors import LocalStackError
from ops.local.ports import free_port, holder_of, require_free
from ops.local.postgres import LocalPostgres
from ops.local.prefix import Binaries
from ops.local.processes import wait_until
from ops.local.valkey import LocalValkey

pytestmark = pytest.mark.stack


def ask(server: LocalValkey, *words: str) -> bytes:
    """Send one command in the wire protocol and return the raw answer."""
    text = ""
    for command in (("AUTH", server.password), words):
        text += f"*{len(command)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in command)
    with socket.create_connection(("127.0.0.1", server.port), timeout=2) as connection:
        connection.sendall(text.encode())
        answer = b""
        while answer.count(b"\r\n") < 2:
            answer += connection.recv(4096)
    return answer.removeprefix(b"+OK\r\n")


def test_settings_are_those_the_platform_counts_on(postgres_server: LocalPostgres) -> None:
    names = ("jit", "timezone", "fsync", "max_worker_processes", "password_encryption", "unix_socket_directories")
    found = [postgres_server.psql(f"show {name}") for name in names]
    assert found == ["off", "UTC", "on", "24", "scram-sha-256", ""]


def test_extensions_of_the_tier_load(postgres_server: LocalPostgres, fresh_database: str) -> None:
    name = fresh_database.rsplit("/", 1)[1]
    wanted = ["pg_trgm", "unaccent", "pg_stat_statements"]
    if postgres_server.binaries.tier == "timescale-apache":
        wanted += ["timescaledb", "pgcrypto"]
    for extension in wanted:
        postgres_server.psql(f"create extension {extension}", name)
    loaded = postgres_server.psql("select extname from pg_extension", name).splitlines()
    assert set(wanted) <= set(loaded)


def test_a_wrong_password_is_refused(postgres_server: LocalPostgres) -> None:
    stranger = LocalPostgres(postgres_server.binaries, postgres_server.data_dir, postgres_server.port, "wrong")
    with pytest.raises(LocalStackError, match="password authentication failed"):
        stranger.psql("select 1")


def test_postgres_comes_back_after_a_kill_with_every_row(binaries: Binaries, tmp_path: Path) -> None:
    with LocalPostgres(binaries, tmp_path / "with a space" / "data", free_port(), "first") as server:
        server.psql("create table kept (n int); insert into kept select generate_series(1, 1000)")
        server.kill()
        assert server.pid is None
        server.start()
        assert server.psql("select count(*) from kept") == "1000"


def test_a_rotated_password_is_followed(binaries: Binaries, tmp_path: Path) -> None:
    with LocalPostgres(binaries, tmp_path / "data", free_port(), "first"):
        pass
    with LocalPostgres(binaries, tmp_path / "data", free_port(), "se'cond") as server:
        assert server.psql("select 1") == "1"


def test_data_of_another_version_is_refused(binaries: Binaries, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("9")
    with pytest.raises(LocalStackError, match=r"made by PostgreSQL 9.*--clean"):
        LocalPostgres(binaries, data, free_port(), "x").create()


def test_queue_keeps_its_entries_through_a_kill(binaries: Binaries, tmp_path: Path) -> None:
    with LocalValkey(binaries, tmp_path / "queue", free_port(), "secret", "queue") as server:
        ask(server, "SET", "kept", "yes")
        ask(server, "WAITAOF", "1", "0", "2000")
        server.kill()
        server.start()
        assert b"yes" in ask(server, "GET", "kept")


def test_roles_differ_where_it_matters(valkey_queue: LocalValkey, valkey_cache: LocalValkey) -> None:
    policies = [ask(server, "INFO", "memory") for server in (valkey_queue, valkey_cache)]
    assert [b"noeviction" in policies[0], b"allkeys-lru" in policies[1]] == [True, True]


def test_a_taken_port_names_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        holder = holder_of(port)
        assert holder is not None
        assert holder.pid == os.getpid()
        with pytest.raises(LocalStackError, match=rf"{port}.*pid {os.getpid()}.*PORT_API="):
            require_free(port, "the API", "PORT_API")


def test_servers_end_with_a_killed_parent(binaries: Binaries, tmp_path: Path) -> None:
    code = (
        "import sys, os, signal; from pathlib import Path;"
        "from ops.local.prefix import ensure_prefix; from ops.local.valkey import LocalValkey;"
        "from ops.local.postgres import LocalPostgres;"
        "b = ensure_prefix(Path(sys.argv[1])); t = Path(sys.argv[2]);"
        "v = LocalValkey(b, t / 'v', int(sys.argv[3]), 'x', 'cache'); v.start();"
        "p = LocalPostgres(b, t / 'p', int(sys.argv[4]), 'x'); p.start();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    numbers = [free_port(), free_port()]
    arguments = [str(binaries.root), str(tmp_path), *map(str, numbers)]
    subprocess.run([sys.executable, "-c", code, *arguments], check=False, cwd=Path(__file__).parents[2])
    valkey = LocalValkey(binaries, tmp_path / "v", numbers[0], "x", "cache")
    postgres = LocalPostgres(binaries, tmp_path / "p", numbers[1], "x")
    assert (tmp_path / "p" / "PG_VERSION").exists()
    assert wait_until(lambda: valkey.pid is None and postgres.pid is None, 10)
