"""The only way out for a provider: reserve, send, judge, settle."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import msgspec

from app.domain.errors import LaterError, SettingsError
from app.domain.quotas import FAR, NEAR, SECOND_US, CallClass, CallResult, Deadlines, Denied, Outcome
from app.ports.providers import ProviderError
from app.providers.client.http import HttpClient, RawReply, Request, scrub
from app.providers.client.verdicts import LONGEST_WAIT_S, RefusedError, Verdict, http_date
from app.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from app.domain.quotas import Allowance, LimitHint, Permit
    from app.ports.clock import Clock
    from app.ports.quotas import Ledger

# A denial that ends sooner is waited out in place; a longer one gives the step back.
WAIT_IN_PLACE_S = 2.0
SHORTEST_WAIT_S = 0.02
# A wrong key stays wrong until the operator acts; asking more often only spends the quota of whoever owns it.
BAD_KEY_S = 3600.0
# Calls came too close together; the day is not spent.
BURST_S = 2.0
# How often a provider's clock is compared, and how quick a reply must be for that: its Date is when it began.
COMPARE_S = 60.0
QUICK_MS = 1_000.0
# A Date has no fractions: on average it is half a second old.
HALF_A_SECOND = timedelta(seconds=0.5)
OK = Verdict(outcome=Outcome.OK)
UNREAD = Verdict(outcome=Outcome.MALFORMED, words="it could not be read, and not for a foreseen reason")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
Reply = TypeVar("Reply")


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where a provider is called, with which key, and the first day that its plan is taken to hold."""

    url: str
    key: str
    since: date | None = None

    @property
    def deadlines(self) -> Deadlines:
        """Return the deadlines of a call to that address."""
        return NEAR if urlsplit(self.url).hostname in LOOPBACK else FAR


class MeteredClient:
    """One provider's calls: each is reserved before it leaves and settled when its reply was read."""

    def __init__(  # noqa: PLR0913, PLR0917  the parts of a call
        self,
        http: HttpClient,
        ledger: Ledger,
        clock: Clock,
        access: Access,
        allowance: Allowance,
        limits: Callable[[RawReply], LimitHint | None] | None = None,
    ) -> None:
        """Send to that address only; raise SettingsError unless that is https, or http on this machine."""
        self._http, self._ledger, self._clock = http, ledger, clock
        self._limits, self._compared_at = limits, -COMPARE_S
        self._allowance, self._secret = allowance, access.key
        self._base = checked_base(access.url, allowance.provider)
        self._deadlines = access.deadlines

    @property
    def host(self) -> str:
        """Return the host that is called."""
        return urlsplit(self._base).hostname or ""

    async def get(
        self,
        request: Request,
        headers: Mapping[str, str],
        read: Callable[[RawReply], Reply],
        *,
        purpose: str,
        call_class: CallClass = CallClass.INTERACTIVE,
    ) -> Reply:
        """Return what `read` makes of the reply; it raises RefusedError for one that is not what was asked for.

        Raises LaterError when no slot is free within two machine seconds, ProviderError for every other failure.
        """
        permit = await self._reserve(purpose, call_class)
        if not self._fresh(permit):
            await self._settle(permit, CallResult(outcome=Outcome.UNSENT))
            message = f"{self._allowance.provider}: the reservation took too long to be used safely."
            raise LaterError(message, wait_s=SHORTEST_WAIT_S)
        try:
            reply = await self._http.get(
                self._base, request, headers, secret=self._secret, within_s=self._deadlines.reply_s
            )
        except ProviderError as e:
            await self._settle(permit, CallResult(outcome=e.outcome, error=str(e)))
            raise
        verdict = UNREAD
        try:
            answer = read(reply)
            verdict = OK
        except RefusedError as e:
            verdict = e.verdict
            raise await self._refused(request, verdict) from None
        else:
            return answer
        finally:
            result = CallResult(
                outcome=verdict.outcome,
                status=reply.status,
                reply_bytes=len(reply.body),
                duration_ms=reply.duration_ms,
                error=scrub(verdict.words, self._secret) or None,
            )
            await self._settle(permit, result)
            await self._learn(reply)

    async def _learn(self, reply: RawReply) -> None:
        """Obey what the headers say of limits, and compare the provider's clock now and then."""
        told_at = http_date(reply.headers.get("date", ""))
        hint = self._limits(reply) if self._limits else None
        if hint is not None:
            await self._ledger.tighten(self._allowance, hint)
            if hint.remaining == 0 and hint.reset_at and told_at:
                # Calls that rest for the window's span are enough, unless the provider's own window is longer.
                wait_s = min((hint.reset_at - told_at).total_seconds(), LONGEST_WAIT_S)
                if wait_s > hint.span_s:
                    why = f"its headers grant nothing for {wait_s:,.0f} s"
                    await self._ledger.block(self._allowance, round(wait_s * SECOND_US), why)
        is_due = time.monotonic() - self._compared_at >= COMPARE_S and reply.duration_ms < QUICK_MS
        if told_at and is_due and not self._clock.clock_id.startswith("replay:"):
            self._compared_at = time.monotonic()
            await self._ledger.note_time(self._allowance, told_at + HALF_A_SECOND)

    async def _reserve(self, purpose: str, call_class: CallClass) -> Permit:
        patience_s, pause_s = WAIT_IN_PLACE_S, SHORTEST_WAIT_S
        while True:
            answer = await self._ledger.reserve(self._allowance, purpose, call_class)
            if not isinstance(answer, Denied):
                return answer
            wait_s = max(self._machine_s(answer.soonest_us), pause_s)
            if wait_s > patience_s:
                # Who waited in vain takes it that calls were lost, and asks less often.
                waited_s = WAIT_IN_PLACE_S - patience_s
                wait_s = max(wait_s, min(self._machine_s(answer.latest_us), waited_s))
                message = f"{self._allowance.provider} has no free slot ({answer.why})."
                raise LaterError(message, wait_s=wait_s)
            patience_s -= wait_s
            pause_s *= 1.5
            await asyncio.sleep(wait_s)

    def _fresh(self, permit: Permit) -> bool:
        return self._machine_s(self._clock.quota_us() - permit.at_us) <= self._deadlines.send_s

    def _machine_s(self, us: int) -> float:
        return self._clock.machine_s(timedelta(microseconds=us))

    async def _settle(self, permit: Permit, result: CallResult) -> None:
        metrics.PROVIDER_CALLS.labels(self._allowance.provider, result.outcome.value).inc()
        if result.duration_ms is not None:
            metrics.PROVIDER_DURATION.labels(self._allowance.provider).observe(result.duration_ms / 1000)
        await self._ledger.settle(permit, result)

    async def _refused(self, request: Request, verdict: Verdict) -> ProviderError:
        """Act on a refusal: a limit or a bad key closes the allowance for a while."""
        words = scrub(verdict.words, self._secret)
        wait_us = round(self._closed_s(verdict) * SECOND_US)
        if wait_us:
            await self._ledger.block(self._allowance, wait_us, f"{verdict.outcome}: {words}")
        message = f"{self._allowance.provider} answered {request.path} with {verdict.outcome}: {words}"
        return ProviderError(
            message, outcome=verdict.outcome, wait_s=self._machine_s(wait_us), out_of_range=verdict.out_of_range
        )

    def _closed_s(self, verdict: Verdict) -> float:
        """Return for how long (quota clock) nothing more may be asked: as told, or the longest window."""
        if verdict.outcome is Outcome.BAD_KEY:
            return BAD_KEY_S
        if verdict.outcome is Outcome.BURST:
            return BURST_S if verdict.wait_s is None else verdict.wait_s
        if verdict.outcome is not Outcome.RATE_LIMITED:
            return 0.0
        return max(window.span_s for window in self._allowance.windows) if verdict.wait_s is None else verdict.wait_s


def checked_base(base: str, provider: str) -> str:
    """Return the address without its last slash; raise SettingsError when a key must not be sent there."""
    parts = urlsplit(base)
    at_home = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not (parts.scheme == "https" or at_home) or not parts.hostname or parts.username or parts.query:
        message = f"The address of {provider} must be https://..., or http:// on this machine: correct {base!r}."
        raise SettingsError(message)
    return base.rstrip("/")
