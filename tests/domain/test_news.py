"""Which articles may be stored, what they are about, and which are one story."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.news import Article, ReportedSentiment, faults, tidy
from app.domain.news_links import name_words, symbols_in_text
from app.domain.news_stories import Keys, Match, Namesake, keys_of, resolve

NOW = datetime(2022, 9, 28, 12, 0, tzinfo=UTC)
ARTICLE = Article(
    ref="a1",
    url="https://www.cnbc.com/2022/09/27/markets.html",
    title="Stock futures fall after S&P 500 hits new low for the year - CNBC",
    published_at=NOW - timedelta(hours=8),
    source="CNBC",
)
COMPANIES = {
    "AAPL": "Apple Inc.",
    "T": "AT&T INC.",
    "TGT": "TARGET CORP",
    "GS": "GOLDMAN SACHS GROUP INC",
    "M": "Macy's, Inc.",
    "MCD": "MCDONALDS CORP",
    "PG": "Procter & Gamble Company (The) Common Stock",
    "GPS": "Gap, Inc. /DE/",
    "AMZN": "Amazon.com, Inc.",
    "EBAY": "EBAY INC",
    "BRK.B": "Berkshire Hathaway Inc. Class B",
}


def altered(**changes: object) -> Article:
    return msgspec.structs.replace(ARTICLE, **changes)


def test_a_sound_article_has_no_fault() -> None:
    assert faults(ARTICLE, NOW) == {}
    scored = altered(sentiments=(ReportedSentiment(score=-1.0), ReportedSentiment(symbol="PG", label="Neutral")))
    assert faults(scored, NOW) == {}


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("address", {"url": "javascript:alert(1)"}),
        ("address", {"url": "ftp://example.com/a"}),
        ("address", {"url": "/story/1"}),
        ("address", {"url": "https://user:word@example.com/a"}),
        ("address", {"url": "https://example.com/a b"}),
        ("address", {"url": "https://example.com/" + "a" * 2_000}),
        ("address", {"url": "https://example.com/" + "\u4e2d" * 300}),
        ("ref", {"ref": ""}),
        ("ref", {"ref": "\u4e2d" * 700}),
        ("title", {"title": ""}),
        ("published_at", {"published_at": datetime(2022, 9, 28)}),  # noqa: DTZ001  that is what is refused
        ("published_at", {"published_at": NOW + timedelta(hours=2)}),
        ("published_at", {"published_at": datetime(1970, 1, 1, tzinfo=UTC)}),
        ("text", {"title": "a\0b"}),
        ("text", {"summary": "half a pair \ud800"}),
        ("text", {"author": "a" * 301}),
        ("text", {"symbols": ("A\0",)}),
        ("text", {"symbols": tuple(f"S{n}" for n in range(501))}),
        ("sentiment", {"sentiments": (ReportedSentiment(score=1.01),)}),
        ("sentiment", {"sentiments": (ReportedSentiment(score=float("nan")),)}),
        ("sentiment", {"sentiments": (ReportedSentiment(),)}),
    ],
)
def test_a_fault_is_found(rule: str, changes: dict[str, object]) -> None:
    assert rule in faults(altered(**changes), NOW)


def test_an_article_is_tidied() -> None:
    tidied = tidy(altered(title=" Two \n words\t", author=" ", summary="", image_url="data:image/png;base64,AA"))
    assert (tidied.title, tidied.author, tidied.summary, tidied.image_url) == ("Two words", None, None, None)
    assert tidy(tidied) == tidied
    assert tidy(altered(image_url=" https://example.com/a.png ")).image_url == "https://example.com/a.png"


ANY = st.text(max_size=30)


@given(st.builds(Article, ref=ANY, url=ANY, title=ANY, published_at=st.datetimes(timezones=st.just(UTC)), summary=ANY))
def test_no_article_is_too_odd_to_be_judged(article: Article) -> None:
    tidied = tidy(article)
    assert tidy(tidied) == tidied
    if not faults(tidied, NOW):
        keys_of(tidied)


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("Apple unveils a new iPhone", ("AAPL",)),
        ("apple growers expect a good year", ()),
        ("Apple pie: how an apple is peeled", ()),
        ("APPLE INC REPORTS", ("AAPL",)),
        ("Apple\u2019s iPhone, Macy's sale and McDonald\u2019s menu", ("AAPL", "M", "MCD")),
        ("AT&T and Procter & Gamble raise their dividends", ("PG", "T")),
        ("Procter raises its dividend, says Gamble", ()),
        ("Goldman Sachs says so, procter & gamble does not", ("GS",)),
        ("Analysts lift their target for Nike. Target price is now $50", ()),
        ("Mind the Gap", ()),
        ("GAP closes 50 shops", ("GPS",)),
        ("Bidding on eBay, buying at Amazon", ("AMZN", "EBAY")),
        ("Buffett's Berkshire Hathaway buys", ("BRK.B",)),
        ("Is it $AAPL or $PRFX, at A$AP or US$PG?", ("AAPL", "PRFX")),
        ("PainReform (NASDAQ: PRFX) and Berkshire (NYSE:BRK/B) (nyse: t)", ("BRK.B", "PRFX")),
        ("Unknown (NASDAQ:NOPE) costs $5 or $NOPE", ()),
    ],
)
def test_companies_are_found_by_name_or_ticker(text: str, symbols: tuple[str, ...]) -> None:
    assert symbols_in_text(altered(title=text), COMPANIES, {*COMPANIES, "PRFX"}) == symbols
    assert symbols_in_text(altered(summary=text), COMPANIES, {*COMPANIES, "PRFX"}) == symbols


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Inc", ("Inc",)),
        ("", ()),
        ("The Coca-Cola Company", ("Coca", "Cola")),
        ("Match Group, Inc.", ("Match", "Group")),
        ("INTERNATIONAL BUSINESS MACHINES CORP", ("INTERNATIONAL", "BUSINESS", "MACHINES")),
        ("Alphabet Inc. - Class C Capital Stock", ("Alphabet",)),
    ],
)
def test_a_name_is_freed_of_its_endings(name: str, words: tuple[str, ...]) -> None:
    assert name_words(name) == words


@given(st.text(max_size=60), st.dictionaries(ANY, ANY, max_size=4))
def test_reading_never_fails_and_finds_only_who_was_offered(text: str, companies: dict[str, str]) -> None:
    article = altered(title=text)
    found = symbols_in_text(article, companies, ())
    assert set(found) <= companies.keys()
    assert all(name_words(companies[symbol]) for symbol in found)
    if text == text.lower():
        lowered = {
            symbol for symbol in found if not any(not word[0].isalpha() for word in name_words(companies[symbol]))
        }
        assert all(set(name_words(companies[s])) <= {"and", "of", "the", "for", "de"} for s in lowered)


TITLE = "one two three four five"


def keys(ref: str, url: str | None = None, hours: float = 0, title: str | None = TITLE) -> Keys:
    return Keys(ref=ref, url_key=url, title_key=title, published_at=NOW + timedelta(hours=hours))


def test_the_id_leads_then_the_address_then_the_nearest_title() -> None:
    stored = Match(by_ref=7, by_url=8, by_title=(Namesake(9, NOW),))
    assert resolve([keys("a", "u")], [stored]) == [7]
    assert resolve([keys("a", "u")], [msgspec.structs.replace(stored, by_ref=None)]) == [8]
    titles = (Namesake(3, NOW - timedelta(hours=48)), Namesake(4, NOW + timedelta(hours=9)), Namesake(2, NOW))
    assert resolve([keys("a", "u")], [Match(by_title=titles)]) == [2]
    assert resolve([keys("a", "u")], [Match(by_title=titles[:1])]) == [3]
    assert resolve([keys("a", "u", 0.001)], [Match(by_title=titles[:1])]) == [-1]


def test_a_reply_can_hold_a_story_twice() -> None:
    reply = [
        keys("a", "u"),
        keys("b", "v"),
        keys("c", "v", title=None),
        keys("d", None, 49),
        keys("a", "w"),
        keys("e", "w"),
    ]
    assert resolve(reply, [Match()] * 6) == [-1, -1, -1, -4, -1, -1]
    assert resolve([keys("a", "u", title=None), keys("b", None, title=None)], [Match()] * 2) == [-1, -2]


class Shelf:
    """Stores one article at a time, by the same rules."""

    def __init__(self) -> None:
        self.articles: list[Keys] = []
        self.refs: dict[str, int] = {}
        self.urls: dict[str, int] = {}
        self.seen: set[str] = set()

    def match(self, key: Keys) -> Match:
        same = [
            n for n, one in enumerate(self.articles) if one.title_key is not None and one.title_key == key.title_key
        ]
        return Match(
            by_ref=self.refs.get(key.ref),
            by_url=self.urls.get(key.url_key) if key.url_key else None,
            by_title=tuple(Namesake(n, self.articles[n].published_at) for n in same),
        )

    def store(self, reply: list[Keys]) -> None:
        matches = [self.match(key) for key in reply]
        new: dict[int, int] = {}
        for key, story in zip(reply, resolve(reply, matches), strict=True):
            if story < 0 and story not in new:
                new[story] = len(self.articles)
                self.articles.append(key)
            number = new.get(story, story)
            if self.refs.setdefault(key.ref, number) == number and key.url_key and key.ref not in self.seen:
                self.urls.setdefault(key.url_key, number)
            self.seen.add(key.ref)


KEYS = st.lists(
    st.builds(
        keys,
        ref=st.sampled_from("abcdef"),
        url=st.none() | st.sampled_from("uvw"),
        hours=st.sampled_from([0, 24, 48, 49, 96, 97]),
        title=st.none() | st.sampled_from(["s", "t"]),
    ),
    max_size=12,
)


@given(KEYS, st.lists(st.integers(1, 5), max_size=8))
def test_a_reply_is_stored_as_if_article_by_article(articles: list[Keys], sizes: list[int]) -> None:
    whole, single = Shelf(), Shelf()
    rest = list(articles)
    for size in [*sizes, len(articles)]:
        whole.store(rest[:size])
        rest = rest[size:]
    for article in articles:
        single.store([article])
    assert (whole.articles, whole.refs, whole.urls) == (single.articles, single.refs, single.urls)
    single.store(articles)
    assert (whole.articles, whole.refs, whole.urls) == (single.articles, single.refs, single.urls)
