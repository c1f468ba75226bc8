"""Fixtures for every test: fresh migrated databases, Valkey, Hypothesis profiles."""

from __future__ import annotations

import asyncio
import os
import secrets
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from migrations.runner import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.local.postgres import LocalPostgres
    from ops.local.valkey import LocalValkey

pytest_plugins = ["tests.stack.servers"]

settings.register_profile("dev", max_examples=50, deadline=None)  # machines are shared: time proves nothing
settings.register_profile(
    "ci",
    max_examples=300,
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))  # noqa: TID251  tests choose their own profile


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def template_database(postgres_server: LocalPostgres) -> str:
    """Migrate one database; the others are copies of it."""
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE groat_template")
    asyncio.run(migrate(postgres_server.url("groat_template"), say=lambda _: None))
    # TimescaleDB's launcher must not sit in the template while it is copied.
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute("ALTER DATABASE groat_template ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'groat_template'")
    return "groat_template"


@pytest.fixture
def database_url(postgres_server: LocalPostgres, template_database: str) -> Iterator[str]:
    """A fresh migrated database for one test."""
    name = f"test_{secrets.token_hex(6)}"
    here, source = sql.Identifier(name), sql.Identifier(template_database)
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(here, source))
    yield postgres_server.url(name)
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(here))


@pytest.fixture
def queue_url(valkey_queue: LocalValkey) -> str:
    return valkey_queue.url()


@pytest.fixture
def cache_url(valkey_cache: LocalValkey) -> str:
    return valkey_cache.url()
