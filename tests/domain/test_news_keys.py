"""What names an article."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.news_keys import title_key, url_key

SAME = [
    "https://www.marketwatch.com/story/incomes-are-falling-11651165705",
    "http://marketwatch.com/story/incomes-are-falling-11651165705/",
    "https://WWW.MarketWatch.com:443/story/incomes-are-falling-11651165705?mod=home-page&utm_source=feed#comments",
    "https://www.marketwatch.com/amp/story/incomes-are-falling-11651165705",
    "https://amp.marketwatch.com/story/incomes-are-falling-11651165705?AMP",
    "https://m.marketwatch.com//story/incomes%2Dare-falling-11651165705/amp/?fbclid=x&gclid=",
]


def test_addresses_of_one_article_have_one_key() -> None:
    assert {url_key(url) for url in SAME} == {"marketwatch.com/story/incomes-are-falling-11651165705"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://finnhub.io/api/news?id=4365a2", "https://finnhub.io/api/news?id=6c4445"),
        ("https://example.com/a", "https://example.com/A"),
        ("https://example.com/a", "https://example.org/a"),
        ("https://example.com/caf%E9", "https://example.com/caf%E8"),
        ("https://example.com/a%2Fb", "https://example.com/a/b"),
        ("https://example.com/?p=1", "https://example.com/?p=2"),
        ("https://example.com:8443/a", "https://example.com/a"),
        ("https://www.prnewswire.com/news/x-1.html", "https://www.prnewswire.com/apac/news/x-2.html"),
    ],
)
def test_addresses_of_two_articles_have_two(one: str, other: str) -> None:
    assert url_key(one) != url_key(other)


def test_what_is_left_of_a_query_has_one_order() -> None:
    assert url_key("https://example.com/s?b=2&a=1&utm_id=3") == url_key("https://example.com/s?a=1&b=2")
    assert url_key("https://example.com/caf\u00e9") == url_key("https://example.com/caf%C3%A9")


@pytest.mark.parametrize("site", ["https://www.cnbc.com", "https://cnbc.com/", "http://cnbc.com/?utm_source=x#top"])
def test_a_site_is_no_article(site: str) -> None:
    assert url_key(site) is None


@pytest.mark.parametrize(
    "text", ["", "news", "https://", "/story/1", "https://[::1/a", "https://a:b/c", "https://a b/c"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        url_key(text)


TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
HOSTS = st.lists(st.sampled_from(["www", "m", "amp", "news", "example", "com", "co", "uk"]), min_size=2, max_size=5)


@given(hosts=HOSTS, path=st.lists(TEXT, max_size=4), query=st.lists(st.tuples(TEXT, TEXT), max_size=4))
@example(hosts=["www", "example", "com"], path=["amp", "AMP", "amp"], query=[("%75tm_source", "x")])
def test_a_key_is_its_own_key_and_tells_nothing_of_how_one_came(
    hosts: list[str], path: list[str], query: list[tuple[str, str]]
) -> None:
    plain = "https://" + ".".join(hosts) + "".join(f"/{step}" for step in path)
    words = "&".join(f"{name}={value}" for name, value in query)
    try:
        key = url_key(f"{plain}?{words}")
    except ValueError:
        return
    if key is None:
        return
    assert key.isascii()
    assert url_key(f"https://{key}") == key
    if not {"?", "#"} & set(plain) and "#" not in words:
        # Control characters at an end are no part of an address.
        assert url_key(f"http://{key}&utm_medium=x#frag" if "?" in key else f"http://{key}/?utm_medium=x") == key


STORY = "Innovent and SanegeneBio Enter Strategic Collaboration for the Treatment of Hypertension"


@pytest.mark.parametrize(
    ("title", "source"),
    [
        (STORY, None),
        (STORY.upper(), None),
        (f"{STORY} ... - PR Newswire", "PR Newswire"),
        (f"{STORY} - Reuters", None),
        (f"{STORY} | The Wall Street Journal", "Google News"),
        (f"  {STORY.replace(' ', '  ')}\u2014", None),
        (STORY.replace("and", "\u00e1nd"), "Yahoo"),
    ],
)
def test_titles_of_one_story_have_one_key(title: str, source: str | None) -> None:
    assert title_key(title, source) == title_key(STORY)


def test_what_is_no_publisher_stays() -> None:
    ours = "PainReform Announces Exercise of Warrants for Approximately $1.3 Million - PainReform (NASDAQ:PRFX)"
    assert title_key(ours, "Benzinga") == (
        "painreform announces exercise of warrants for approximately 1 3 million painreform nasdaq prfx"
    )
    assert title_key("Dow rises to a record high - but not for long", "E") == (
        "dow rises to a record high but not for long"
    )
    assert title_key("Trump said he\u2019d \u2018remember\u2019 companies today") == (
        title_key("Trump said he'd 'remember' companies today")
    )


@pytest.mark.parametrize(
    "title", ["", "Market update", "Stocks to watch today", "\u2026", "Earnings - Reuters News Now"]
)
def test_a_short_title_names_no_story(title: str) -> None:
    assert title_key(title, "Reuters News Now") is None


@given(st.text(max_size=200), st.none() | TEXT)
@example("\u0130 \u00df \u2167 \ufdfa \u1e9e \u0149 " * 3, None)
def test_a_title_is_read_the_same_the_second_time(title: str, source: str | None) -> None:
    key = title_key(title, source)
    if key is not None:
        assert title_key(key, source) == key


@pytest.mark.parametrize(
    "url",
    [
        "https://example-com.cdn.ampproject.org/c/s/example.com/a/b?id=3&usqp=mq331AQ",
        "https://www-example-com.cdn.ampproject.org/v/s/www.example.com/a/b?id=3&amp_js_v=0.1",
        "https://www.google.com/amp/s/amp.example.com/a/b?id=3",
        "https://example.com/a/b.amp?id=3",
    ],
)
def test_a_cache_of_amp_hands_out_the_publishers_page(url: str) -> None:
    assert url_key(url) == url_key("https://www.example.com/a/b/?id=3") == "example.com/a/b?id=3"
    assert url_key("https://example.com/a.amp.html") == url_key("https://example.com/a.html")
    assert url_key("https://www.google.com/amp/s/nothing") == "google.com/s/nothing"
