"""The API in process, over a house that needs no network until it is asked something."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from app import settings as doors
from app.api.main import create_app
from app.api.middleware import App, Frame
from app.services import operator_tokens

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "mD2vQ8sLr5tZk1xWc7yHb4nJf9gPa3eUu6iKoT0q"


def settings_for(database_url: str = "postgresql://127.0.0.1:1/none", **more: str) -> doors.Settings:
    """Settings of an API under test."""
    return doors.load({"SECRET_KEY": KEY, "GROAT_ENVIRONMENT": "test", "DATABASE_URL": database_url, **more})


@asynccontextmanager
async def client_of(settings: doors.Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole frame, with the lifespan run."""
    app = create_app(settings)
    transport = httpx.ASGITransport(Frame(cast("App", app)))
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://groat.test") as client:
        yield client


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The API in dev, with no database behind it."""
    async with client_of(settings_for()) as client:
        yield client


@pytest.fixture
def bearer() -> dict[str, str]:
    """The header that the operator sends."""
    return {"Authorization": f"Bearer {operator_tokens.mint(KEY)}"}
