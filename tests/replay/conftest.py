from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from app.replay.data import catalogue
from tests.stack.replay import ReplayHandle, running_replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.replay.data.market_data import MarketData


@pytest.fixture(scope="session")
def sp500() -> MarketData:
    return catalogue.load("sp500")


@pytest.fixture(scope="session")
def splits() -> MarketData:
    return catalogue.load("splits")


@pytest.fixture
def replay_server() -> Iterator[Callable[..., ReplayHandle]]:
    """Start replay markets, by the arguments of `running_replay`; they stop with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> ReplayHandle:
            return stack.enter_context(running_replay(**options))

        yield start
