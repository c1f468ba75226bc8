"""Fetch one reply over HTTP/1.1, within hard limits of time, size and place."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
import zlib
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, quote_plus

import msgspec

from app.domain.quotas import FAR, Outcome
from app.ports.providers import Payload, ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

MAX_BYTES = 20 * 1024 * 1024
CONNECT_S = 10.0
# What tells of limits and of the provider's clock.
KEPT = ("date", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
LONGEST_HEADER = 100
# Fewer letters of a key that a shortened text ends with tell nothing, and words end with them too.
SHORTEST_PART = 5


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to get: a path and parameters on the provider's own base address, and which key to send."""

    path: str
    params: dict[str, str]


class RawReply(msgspec.Struct, frozen=True, kw_only=True):
    """A whole reply, decompressed. `headers` are those of KEPT that it had, by their lower-case names."""

    status: int
    content_type: str
    body: bytes
    duration_ms: float
    headers: dict[str, str] = {}

    @property
    def payload(self) -> Payload:
        """Return what identifies the reply."""
        return Payload(sha256=hashlib.sha256(self.body).digest(), size=len(self.body))


class HttpClient:
    """One connection pool for all providers: no redirects, no retries, no cookies, no proxies, no `.netrc`."""

    def __init__(self, *, deadline_s: float = FAR.reply_s, max_bytes: int = MAX_BYTES) -> None:
        """Open nothing yet."""
        self._deadline_s = deadline_s
        self._max_bytes = max_bytes
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        """Be ready for calls."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def get(
        self, base: str, request: Request, headers: Mapping[str, str], *, secret: str, within_s: float
    ) -> RawReply:
        """Get one reply within so many seconds, and within the client's own deadline; no error shows `secret`.

        Raises ProviderError: ``unreachable`` when no whole answer came in time, ``malformed`` when it was cut,
        too large or wrongly compressed.
        """
        import httpx  # noqa: PLC0415  heavy, and most processes never call a provider

        if self._client is None:
            self._client = httpx.AsyncClient(
                http2=False,
                follow_redirects=False,
                trust_env=False,
                timeout=httpx.Timeout(self._deadline_s, connect=CONNECT_S),
                limits=httpx.Limits(max_connections=16, max_keepalive_connections=4, keepalive_expiry=20),
            )
        try:
            async with asyncio.timeout(min(within_s, self._deadline_s)):
                return await self._exchange(self._client, base + request.path, request, headers)
        except TimeoutError:
            message = f"No whole answer came within {min(within_s, self._deadline_s):g} s."
            raise ProviderError(message, outcome=Outcome.UNREACHABLE) from None
        except httpx.RemoteProtocolError as e:
            message = f"The answer was cut short or is not HTTP: {scrub(str(e), secret)}"
            raise ProviderError(message, outcome=Outcome.MALFORMED) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as e:
            message = f"The provider was not reached: {type(e).__name__}: {scrub(str(e), secret)}"
            raise ProviderError(message, outcome=Outcome.UNREACHABLE) from None

    async def _exchange(
        self, client: httpx.AsyncClient, url: str, request: Request, headers: Mapping[str, str]
    ) -> RawReply:
        started = time.perf_counter()
        wanted = {"Accept": "application/json", "Accept-Encoding": "gzip", **headers}
        async with client.stream("GET", url, params=request.params, headers=wanted) as reply:
            body = await self._read(reply)
            client.cookies.clear()
            return RawReply(
                status=reply.status_code,
                content_type=reply.headers.get("content-type", ""),
                body=body,
                duration_ms=(time.perf_counter() - started) * 1000,
                headers={name: reply.headers[name][:LONGEST_HEADER] for name in KEPT if name in reply.headers},
            )

    async def _read(self, reply: httpx.Response) -> bytes:
        """Read the body, never holding more than the cap, however well it is compressed."""
        encoding = reply.headers.get("content-encoding", "identity").lower()
        if encoding not in {"identity", "gzip"}:
            message = f"The answer is compressed as {encoding[:20]!r}, which was not asked for."
            raise ProviderError(message, outcome=Outcome.MALFORMED)
        inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        body = bytearray()
        async for chunk in reply.aiter_raw(65_536):
            body += inflated(inflate, chunk, self._max_bytes + 1 - len(body)) if inflate else chunk
            if len(body) > self._max_bytes:
                message = f"The answer is larger than {self._max_bytes:,} bytes."
                raise ProviderError(message, outcome=Outcome.MALFORMED)
        if inflate and not inflate.eof:
            message = "The compressed answer was cut short."
            raise ProviderError(message, outcome=Outcome.MALFORMED)
        return bytes(body)


def inflated(inflate: zlib._Decompress, chunk: bytes, room: int) -> bytes:
    """Decompress a chunk, but no more than `room` bytes of it."""
    try:
        return inflate.decompress(chunk, room)
    except zlib.error as e:
        message = f"The answer is not gzip as it says: {e}"
        raise ProviderError(message, outcome=Outcome.MALFORMED) from None


def scrub(text: str, secret: str) -> str:
    """Return the text without the secret: in any case, as URLs and JSON write it, and cut off at the text's end."""
    if not secret:
        return text
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), secret.replace("/", "\\/")}
    for form in sorted(forms, key=len, reverse=True):
        text = re.sub(re.escape(form), "***", text, flags=re.IGNORECASE)
    said = text.casefold()
    cut = (
        n for form in forms for n in range(len(form) - 1, SHORTEST_PART - 1, -1) if said.endswith(form[:n].casefold())
    )
    longest = max(cut, default=0)
    return f"{text[:-longest]}***" if longest else text
