"""Refusals in other words than the recorded ones: what the providers say elsewhere, and what a proxy says for them."""

import json
from typing import Any

import pytest

from app.domain.datasets import Dataset
from app.domain.quotas import Outcome
from app.providers.client.http import RawReply
from app.providers.client.verdicts import RefusedError, Verdict
from tests.providers.replies import AV, CASES, FH, NA, PO, Case, case, reply

LIFTS = (
    "You may subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to lift the free key rate "
    "limit (25 requests per day), raise the per-second burst limit, and instantly unlock all premium endpoints"
)
THANKS = "Thank you for using Alpha Vantage!"
WORDS: list[tuple[Any, int, dict[str, Any], Outcome]] = [
    # The praise of plans names every limit and premium: what comes before it counts.
    (AV, 200, {"Information": f"{THANKS} This is a premium endpoint. {LIFTS}"}, Outcome.NOT_ENTITLED),
    (AV, 200, {"Information": f"Our standard API rate limit is 25 requests per day. {LIFTS}"}, Outcome.RATE_LIMITED),
    (AV, 200, {"Information": f"{THANKS} Please visit https://www.alphavantage.co/premium/ if you would like to have "
      "a higher API call volume."}, Outcome.RATE_LIMITED),
    (AV, 200, {"Note": f"{THANKS} Please consider optimizing your API call frequency."}, Outcome.RATE_LIMITED),
    (AV, 200, {"Information": "You have used all 25 requests of a day. Please subscribe."}, Outcome.RATE_LIMITED),
    (AV, 200, {"Information": "Burst pattern detected. Please slow down."}, Outcome.BURST),
    (AV, 200, {"information": "1 request/second is allowed"}, Outcome.BURST),
    (AV, 200, {"Error message": "Invalid API call."}, Outcome.NOT_FOUND),
    (AV, 200, {"Error Message": "This API function (TIME_SERIES_FUN) does not exist."}, Outcome.BAD_REQUEST),
    (AV, 200, {"Information": "The **demo** API key is for demo purposes only."}, Outcome.BAD_KEY),
    (AV, 200, {"Information": "This function is for premium members."}, Outcome.NOT_ENTITLED),
    (FH, 403, {"error": "You don\N{RIGHT SINGLE QUOTATION MARK}t have access to this resource."}, Outcome.NOT_ENTITLED),
    (FH, 200, {"error": "You don\N{RIGHT SINGLE QUOTATION MARK}t have access to this resource."}, Outcome.NOT_ENTITLED),
    (FH, 200, {"error": "You do not have access to this resource"}, Outcome.NOT_ENTITLED),
    (FH, 200, {"error": "API limit exceeded"}, Outcome.RATE_LIMITED),
    (FH, 401, {"error": "Invalid API-Key"}, Outcome.BAD_KEY),
    (FH, 200, {"error": "Wrong symbol"}, Outcome.NOT_FOUND),
    (FH, 200, {"error": "Missing parameter: symbol is required"}, Outcome.BAD_REQUEST),
    (FH, 429, {"message": "Limit Exceeded"}, Outcome.RATE_LIMITED),
    (FH, 403, {"message": "Forbidden"}, Outcome.NOT_ENTITLED),
    (PO, 200, {"status": "NOT_AUTHORIZED"}, Outcome.NOT_ENTITLED),
    (PO, 200, {"status": "NOT_AUTHORIZED", "message": "That is not for you."}, Outcome.NOT_ENTITLED),
    (PO, 429, {"status": 429, "error": "Too Many Requests", "path": "/v2"}, Outcome.RATE_LIMITED),
    (PO, 429, {"status": "ERROR", "error": {"code": 7, "text": "slow down"}}, Outcome.RATE_LIMITED),
    (PO, 200, {"status": "ERROR", "error": "Rate limit hit"}, Outcome.RATE_LIMITED),
    (PO, 503, {"status": 503, "error": "Service Unavailable", "results": 0}, Outcome.SERVER_ERROR),
    (PO, 403, {"status": "ERROR", "error": "Unknown ApiKey"}, Outcome.BAD_KEY),
    (NA, 429, {"status": "error", "code": 429, "message": "Too many requests"}, Outcome.RATE_LIMITED),
    (NA, 429, {"status": "error", "code": "apiKeyExhausted", "message": None}, Outcome.RATE_LIMITED),
    (NA, 200, {"status": "error", "message": "Your API key has no more requests available."}, Outcome.RATE_LIMITED),
    (NA, 200, {"status": "error", "message": "Your API key is invalid or incorrect."}, Outcome.BAD_KEY),
    (NA, 401, {"status": "error", "code": "apiKeyDisabled", "message": "Disabled."}, Outcome.BAD_KEY),
    (NA, 400, {"status": "error", "code": "parametersIncompatible", "message": "No."}, Outcome.BAD_REQUEST),
    (NA, 400, {"status": "error", "code": "sourceDoesNotExist", "message": "No."}, Outcome.BAD_REQUEST),
]  # fmt: skip


def refused(one: Case, raw: RawReply) -> Verdict:
    with pytest.raises(RefusedError) as caught:
        one.read(raw)
    return caught.value.verdict


@pytest.mark.parametrize(("declaration", "status", "body", "meaning"), WORDS, ids=lambda part: str(part)[:60])
def test_other_words_have_one_meaning_too(
    declaration: Any, status: int, body: dict[str, Any], meaning: Outcome
) -> None:
    for one in (one for one in CASES if one.declaration is declaration):
        verdict = refused(one, reply(body, status))
        assert verdict.outcome is meaning
        assert verdict.words or not any(isinstance(words, str) for words in body.values())


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("body", "status", "meaning"),
    [
        # The status is believed where the body cannot be read, so that a limit is obeyed and not asked again.
        (b'{"status": "ERROR", "error": "cut sh', 429, Outcome.RATE_LIMITED),
        (b'["slow down"]', 429, Outcome.RATE_LIMITED),
        (b'{"error": "\xff"}', 503, Outcome.SERVER_ERROR),
        (b"[", 401, Outcome.BAD_KEY),
        (b'\xef\xbb\xbf{"error": "x"}', 429, Outcome.RATE_LIMITED),
        (b"<html><title>429 Too Many Requests</title></html>", 429, Outcome.RATE_LIMITED),
        (b"<!DOCTYPE html><title>Attention Required!</title>", 502, Outcome.SERVER_ERROR),
        # A proxy's page is nobody's refusal: what a plan holds, or a symbol is, is not learnt from it.
        (b"<!DOCTYPE html><title>Access denied</title>", 403, Outcome.MALFORMED),
        (b"<html><h1>404 Not Found</h1></html>", 404, Outcome.MALFORMED),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", 403, Outcome.MALFORMED),
    ],
)
def test_what_cannot_be_read_is_judged_by_its_status(one: Case, body: bytes, status: int, meaning: Outcome) -> None:
    verdict = refused(one, reply(body, status, retry_after="7"))
    assert (verdict.outcome, verdict.words != "") == (meaning, True)
    assert meaning is not Outcome.RATE_LIMITED or verdict.wait_s == 7


@pytest.mark.parametrize(
    ("declaration", "words", "meaning"),
    [
        (FH, "API limit reached. Please try again later. Remaining Limit: 0", Outcome.RATE_LIMITED),
        (FH, "Invalid API key.", Outcome.BAD_KEY),
        (AV, "Our standard API rate limit is 25 requests per day.", Outcome.RATE_LIMITED),
        (PO, "You've exceeded the maximum requests per minute", Outcome.RATE_LIMITED),
        (NA, "rateLimited", Outcome.RATE_LIMITED),
        (NA, "Hello", Outcome.MALFORMED),
    ],
)
def test_words_without_a_form_mean_what_they_say(declaration: Any, words: str, meaning: Outcome) -> None:
    one = next(one for one in CASES if one.declaration is declaration)
    assert refused(one, reply(words.encode())).outcome is meaning


def test_articles_that_speak_of_limits_are_articles() -> None:
    told = {"status": "ok", "totalResults": 1, "articles": [{
        "title": "Too many requests: rate limit reached, invalid API key, upgrade to a premium plan",
        "url": "https://news.example/1", "publishedAt": "2010-05-06T20:15:00Z", "source": {"name": None}}]}  # fmt: skip
    [article] = case(NA, Dataset.NEWS).read_facts(reply(json.dumps(told).encode()))
    assert article[1].startswith("Too many requests")
