"""Rules of misbehaviour: which kind, and which of the granted requests get it."""

from __future__ import annotations

import random
from enum import StrEnum
from typing import Annotated

import msgspec

MOST_RULES = 100


class Kind(StrEnum):
    """What can be wrong with an answer. The last nine are wrong on the wire, the others in status, headers or body."""

    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_SECONDS = "rate_limited_seconds"
    RATE_LIMITED_DATE = "rate_limited_date"
    ERROR_AS_OK = "error_as_ok"
    SERVER_ERROR = "server_error"
    HTML_503 = "html_503"
    HTML_200 = "html_200"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    EMPTY_BODY = "empty_body"
    REDIRECT = "redirect"
    TRUNCATED_GZIP = "truncated_gzip"
    GZIP_BOMB = "gzip_bomb"
    UNASKED_COMPRESSION = "unasked_compression"
    DEEP_JSON = "deep_json"
    NOT_UTF8 = "not_utf8"
    RENAMED_FIELD = "renamed_field"
    NUMBER_AS_TEXT = "number_as_text"
    NULL_ROWS = "null_rows"
    DUPLICATE_ROWS = "duplicate_rows"
    REVERSED_ROWS = "reversed_rows"
    NEGATIVE_NUMBERS = "negative_numbers"
    NOT_A_NUMBER = "not_a_number"
    ANOTHER_DAY = "another_day"
    FOREIGN_NEXT_URL = "foreign_next_url"
    RESET = "reset"
    SILENT = "silent"
    SLOW_BYTES = "slow_bytes"
    TRUNCATED_BODY = "truncated_body"
    LENGTH_TOO_SHORT = "length_too_short"
    LENGTH_TOO_LONG = "length_too_long"
    NOT_HTTP = "not_http"
    BROKEN_CHUNKS = "broken_chunks"
    HUGE_HEADER = "huge_header"


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One misbehaviour, of one dialect or (None) of all, for paths that hold a text.

    It hits the first and then every `every`-th matching request, with a probability, at most `times` times (None:
    for ever). `pause_s` is the machine time between slow bytes, `retry_after_s` what Retry-After tells.
    """

    kind: Kind
    dialect: str | None = None
    path: Annotated[str, msgspec.Meta(max_length=200)] = ""
    every: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    times: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    probability: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    seed: int = 1
    pause_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 1.0
    retry_after_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 5


class RuleCount(msgspec.Struct, frozen=True, kw_only=True):
    """A rule, and how many requests matched it and were hit by it."""

    rule: Rule
    matched: int
    hit: int


class Watched:
    """A rule in force, with its counts."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.matched = self.hit = 0
        self._chance = random.Random(rule.seed)  # noqa: S311  chance that can be repeated, no secret

    def takes(self, dialect: str, path: str) -> bool:
        """Count a request, and tell whether the rule hits it."""
        rule = self.rule
        if rule.dialect not in {None, dialect} or rule.path not in path:
            return False
        turn = self.matched % rule.every == 0
        self.matched += 1
        if not turn or self.hit == rule.times or self._chance.random() >= rule.probability:
            return False
        self.hit += 1
        return True


class Rulebook:
    """The rules in force; of those that hit a request the first one counts."""

    def __init__(self, rules: tuple[Rule, ...] = ()) -> None:
        self._watched = [Watched(rule) for rule in rules]

    def add(self, rule: Rule) -> bool:
        """Put a rule behind the others; tell whether there was room for it."""
        if len(self._watched) >= MOST_RULES:
            return False
        self._watched.append(Watched(rule))
        return True

    def clear(self) -> list[RuleCount]:
        """Behave again; return what the rules did."""
        done = self.counts()
        self._watched.clear()
        return done

    def counts(self) -> list[RuleCount]:
        """Return the rules and what they did."""
        return [RuleCount(rule=one.rule, matched=one.matched, hit=one.hit) for one in self._watched]

    def pick(self, dialect: str, path: str) -> Rule | None:
        """Return the rule that hits a request."""
        return next((one.rule for one in self._watched if one.takes(dialect, path)), None)
