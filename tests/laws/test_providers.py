"""Laws of every provider in the registry; a new one is held to them by being there."""

import json
import logging
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from app.domain.datasets import Dataset
from app.domain.quotas import FAR, NEAR, Outcome
from app.ports.providers import Provider, ProviderError, Retry
from app.providers.client.http import HttpClient, scrub
from app.providers.client.metered import Access
from app.providers.client.source import Source
from app.providers.registry import DECLARATIONS, PREFERENCE, Registry, build
from tests.fakes.bad_host import BadHost, http
from tests.fakes.clocks import ManualClock
from tests.fakes.ledger import FakeLedger
from tests.providers.replies import CASES, Case

KEY = "a-key/that+must=stay unseen"
BY_NAME = {declaration.name: declaration for declaration in DECLARATIONS}


def built(url: str, clock: ManualClock, key: str = KEY) -> Registry:
    """Build every provider there is, all at one address."""
    access = dict.fromkeys(BY_NAME, Access(url=url, key=key))
    registry = build(HttpClient(), FakeLedger(clock), clock, access)
    assert len(registry.all()) == (len(BY_NAME) if key else 0)
    return registry


PROVIDERS = built("https://provider.example", ManualClock()).all()


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
class TestEveryProvider:
    def test_it_declares_a_plan(self, provider: Provider) -> None:
        assert provider.allowance.provider == provider.name
        assert provider.allowance.windows
        assert all(window.max_calls > 0 and window.span_s > 0 for window in provider.allowance.windows)
        spans = [(window.span_s, window.only) for window in provider.allowance.windows]
        assert len(set(spans)) == len(spans)

    def test_a_day_is_one_of_any_time_zone(self, provider: Provider) -> None:
        assert all(window.span_s == 90_000 for window in provider.allowance.windows if window.span_s > 43_200)

    def test_its_calls_are_held_as_long_as_its_client_may_take(self, provider: Provider) -> None:
        assert provider.allowance.hold_us == FAR.hold_s * 1e6
        for speed in (1.0, 5760.0):
            replay = built("http://127.0.0.1:8090", ManualClock(clock_id="replay:1", speed=speed)).get(provider.name)
            assert replay.allowance.hold_us == NEAR.hold_s * 1e6 * speed

    def test_it_declares_what_it_can_be_asked_for_and_how(self, provider: Provider) -> None:
        assert provider.abilities
        assert all(ability.dataset is dataset for dataset, ability in provider.abilities.items())
        assert all(ability.cost == 1 for ability in provider.abilities.values())
        assert BY_NAME[provider.name].endpoints.keys() == provider.abilities.keys()

    def test_its_key_shows_nowhere(self, provider: Provider) -> None:
        assert KEY not in f"{provider!r}{provider.allowance}{provider.abilities}{provider.host}"

    def test_a_plan_that_began_later_narrows_only_what_has_a_history(self, provider: Provider) -> None:
        access = Access(url="https://provider.example", key=KEY, since=date(2010, 4, 26))
        clock = ManualClock()
        narrowed = Source(BY_NAME[provider.name], HttpClient(), FakeLedger(clock), clock, access)
        for ability in narrowed.abilities.values():
            assert (ability.since is not None) == (ability.history is not None)


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_a_request_holds_no_key_and_stays_on_the_providers_host(one: Case) -> None:
    request = one.declaration.endpoints[one.question.dataset].request(one.question)
    assert request.path.startswith("/")
    assert "//" not in request.path
    assert "?" not in request.path
    assert all(request.params.values())
    assert not {"apikey", "token", "key"} & {name.casefold() for name in request.params}


@pytest.mark.anyio
@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
async def test_the_key_travels_once_and_is_told_to_nobody(one: Case, caplog: pytest.LogCaptureFixture) -> None:
    """A header where the provider takes one; what its host says of the key is not repeated."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, logger="httpx")
    caplog.set_level(logging.WARNING, logger="httpcore")
    echo = json.dumps({"Information": f"detected your API key as {KEY}", "error": f"Invalid API key {KEY}",
                       "status": "error", "message": f"The key {KEY} is bad", "code": "apiKeyInvalid"})  # fmt: skip
    clock = ManualClock()
    ledger = FakeLedger(clock)
    async with HttpClient() as client, BadHost(http(echo.encode(), status="401 No")) as host:
        provider = Source(one.declaration, client, ledger, clock, Access(url=host.url, key=KEY))
        with pytest.raises(ProviderError) as caught:
            await provider.ask(one.question)
        [request] = host.requests
    assert ledger.purposes[0].split()[0] == one.question.dataset
    assert len(ledger.purposes[0].split()) > 1 or one.question.dataset is Dataset.INSTRUMENTS
    assert caught.value.outcome is Outcome.BAD_KEY
    assert caught.value.retry is Retry.STOP
    line, headers = request.split("\r\n", 1)
    in_line = "apikey=a-key%2Fthat%2Bmust%3Dstay+unseen" in line
    assert in_line == (one.declaration.name == "alpha_vantage")
    assert (KEY in headers) != in_line
    told = f"{caught.value}{ledger.results}{ledger.blocks}{ledger.purposes}{caplog.text}"
    assert "unseen" not in told


@pytest.mark.parametrize("said", [
    KEY, KEY.upper(), KEY.replace("/", "\\/"), "a-key%2Fthat%2Bmust%3Dstay%20unseen",
    "a-key%2fthat%2bmust%3dstay+unseen",
])  # fmt: skip
@pytest.mark.parametrize("end", ["", " is bad", None])
def test_a_key_is_scrubbed_however_it_is_written_and_wherever_a_text_is_cut(said: str, end: str | None) -> None:
    text = f"Your key {said}{end}" if end is not None else f"Your key {said[: len(said) * 3 // 4]}"
    assert scrub(text, KEY) == f"Your key ***{end or ''}"
    assert scrub("Your key", KEY) == "Your key"
    assert scrub("Your key", "") == "Your key"


def test_names_are_unique_and_a_provider_without_a_key_is_off() -> None:
    assert len({provider.name for provider in PROVIDERS}) == len(PROVIDERS)
    assert built("https://provider.example", ManualClock(), key="").all() == ()


def order(registry: Registry) -> Mapping[Dataset, list[str]]:
    return {dataset: [one.name for one in registry.able(dataset)] for dataset in Dataset}


def test_who_is_asked_first_is_said_wherever_there_is_a_choice() -> None:
    every = built("https://provider.example", ManualClock())
    for dataset, names in order(every).items():
        assert names, dataset
        assert len(names) == 1 or tuple(names) == PREFERENCE[dataset]
    assert set(PREFERENCE) == {dataset for dataset, names in order(every).items() if len(names) > 1}


def test_the_next_one_is_first_where_the_preferred_one_has_no_key() -> None:
    clock = ManualClock()
    access: dict[str, Any] = {name: Access(url="https://provider.example", key=KEY) for name in BY_NAME}
    del access["newsapi"]
    some = build(HttpClient(), FakeLedger(clock), clock, access)
    assert order(some)[Dataset.NEWS] == ["finnhub", "polygon", "alpha_vantage"]
