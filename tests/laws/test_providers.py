"""Laws of every provider in the registry; a new one is held to them by being there."""

import pytest

from app.domain.quotas import FAR, NEAR
from app.ports.providers import Provider
from app.providers.client.http import HttpClient
from app.providers.client.metered import Access
from app.providers.registry import DECLARATIONS, Registry, build
from tests.fakes.clocks import ManualClock
from tests.fakes.ledger import FakeLedger

KEY = "a-key-that-must-stay-unseen"


def built(url: str, clock: ManualClock, key: str = KEY) -> Registry:
    """Build every provider there is, all at one address."""
    names = [declaration.name for declaration in DECLARATIONS]
    access = dict.fromkeys(names, Access(url=url, key=key))
    registry = build(HttpClient(), FakeLedger(clock), clock, access)
    assert len(registry.all()) == (len(names) if key else 0)
    return registry


PROVIDERS = built("https://provider.example", ManualClock()).all()


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
class TestEveryProvider:
    def test_it_declares_a_plan(self, provider: Provider) -> None:
        assert provider.allowance.provider == provider.name
        assert provider.allowance.windows
        assert all(window.max_calls > 0 and window.span_s > 0 for window in provider.allowance.windows)
        windows = {(window.span_s, window.only) for window in provider.allowance.windows}
        assert len(windows) == len(provider.allowance.windows)

    def test_its_calls_are_held_as_long_as_its_client_may_take(self, provider: Provider) -> None:
        assert provider.allowance.hold_us == FAR.hold_s * 1e6
        for speed in (1.0, 5760.0):
            replay = built("http://127.0.0.1:8090", ManualClock(clock_id="replay:1", speed=speed)).get(provider.name)
            assert replay.allowance.hold_us == NEAR.hold_s * 1e6 * speed

    def test_it_declares_what_it_can_be_asked_for(self, provider: Provider) -> None:
        assert provider.abilities
        assert all(ability.dataset is dataset for dataset, ability in provider.abilities.items())

    def test_its_key_shows_nowhere(self, provider: Provider) -> None:
        assert KEY not in f"{provider!r}{provider.allowance}{provider.abilities}{provider.host}"


def test_names_are_unique_and_a_provider_without_a_key_is_off() -> None:
    assert len({provider.name for provider in PROVIDERS}) == len(PROVIDERS)
    assert built("https://provider.example", ManualClock(), key="").all() == ()
