"""The bodies of Alpha Vantage: all of them come with status 200, the refusals too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.replay.json_replies import refusal

if TYPE_CHECKING:
    from app.replay.dialect import Reply

PREMIUM = "https://www.alphavantage.co/premium/"
DOCUMENTATION = "https://www.alphavantage.co/documentation"


def burst() -> Reply:
    """Refuse a second request within a second."""
    text = (
        "Thank you for using Alpha Vantage! Please consider spreading out your free API requests more sparingly "
        f"(1 request per second). You may subscribe to any of the premium plans at {PREMIUM} to lift the free key rate "
        "limit (25 requests per day), raise the per-second burst limit, and instantly unlock all premium endpoints"
    )
    return refusal(200, "too_many", {"Information": text})


def day_spent(key: str) -> Reply:
    """Refuse for the rest of the day; the real host quotes the key, and so does this one."""
    text = (
        f"We have detected your API key as {key} and our standard API rate limit is 25 requests per day. Please "
        f"subscribe to any of the premium plans at {PREMIUM} to instantly remove all daily rate limits."
    )
    return refusal(200, "too_many", {"Information": text})


def premium_endpoint() -> Reply:
    """Refuse an endpoint that a free key lacks."""
    text = (
        "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to any of the premium plans "
        f"at {PREMIUM} to instantly unlock all premium endpoints"
    )
    return refusal(200, "not_entitled", {"Information": text})


def full_is_premium(function: str) -> Reply:
    """Refuse the whole history."""
    text = (
        "Thank you for using Alpha Vantage! The outputsize=full parameter value is a premium feature for the "
        f"{function} endpoint. You may subscribe to any of the premium plans at {PREMIUM} to instantly unlock all "
        "premium features"
    )
    return refusal(200, "not_entitled", {"Information": text})


def invalid_call(function: str) -> Reply:
    """Refuse an unknown symbol, or parameters that cannot be read."""
    text = f"Invalid API call. Please retry or visit the documentation ({DOCUMENTATION}/) for {function}."
    return refusal(200, "bad_request", {"Error Message": text})


def no_such_function(function: str) -> Reply:
    """Refuse a function that does not exist."""
    return refusal(200, "not_found", {"Error Message": f"This API function ({function}) does not exist."})


def invalid_inputs() -> Reply:
    """Refuse news about what is no ticker."""
    text = f"Invalid inputs. Please refer to the API documentation {DOCUMENTATION}#newsapi and try again."
    return refusal(200, "bad_request", {"Information": text})


def bad_key() -> Reply:
    """Refuse a request without a key, or with an unknown one."""
    text = (
        "the parameter apikey is invalid or missing. Please claim your free API key on "
        "(https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds."
    )
    return refusal(200, "bad_key", {"Error Message": text})
