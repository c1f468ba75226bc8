"""What names an article: its address without what does not name it, and the words of its title."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

# The same page for a small screen, or for nobody in particular.
HOST_LABELS: Final = frozenset({"www", "m", "mobile", "amp"})
AMP: Final = "amp"
# A publisher's page as a cache of AMP hands it out: the publisher's own address stands in the path.
AMP_CACHE: Final = re.compile(
    r"https?://(?:[\w-]+\.)*(?:cdn\.ampproject\.org/[cv]|google\.[a-z.]+/amp)/(?:s/)?(?=[\w-]+\.[\w.-]+/)",
    re.IGNORECASE,
)
AMP_ENDING: Final = re.compile(r"(?<=.)\.amp(?=(?:\.html?)?$)", re.IGNORECASE)
PORTS: Final = {"http": 80, "https": 443}
# What campaigns, feeds and share buttons add: it says how a reader came, and not what is read.
TRACKING: Final = frozenset(
    {
        *("_ga", "amp", "at_campaign", "at_medium", "cmp", "cmpid", "dclid", "fbclid", "feature", "ftag", "gbraid"),
        *("gclid", "guccounter", "guce_referrer", "guce_referrer_sig", "ico", "icid", "igshid", "ito", "mbid"),
        *("mc_cid", "mc_eid", "mod", "msclkid", "ncid", "outputtype", "partner", "ref", "ref_src", "share", "smid"),
        *("smtyp", "soc_src", "soc_trk", "source", "sr_share", "src", "taid", "tsrc", ".tsrc", "ttclid", "twclid"),
        *("via", "wbraid", "xtor", "yclid", "usqp", "amp_js_v", "amp_gsa"),
    }
)
TRACKING_PREFIXES: Final = ("utm_", "hsa_", "pk_", "mtm_")
KEPT_IN_PATH: Final = "!$&'()*+,;=:@~"
KEPT_IN_QUERY: Final = "!$'()*+,;:@/?~"
LABEL: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*")

SEPARATED: Final = re.compile(r"\s+[-|\u2013\u2014]\s+")
WORD: Final = re.compile(r"[^\W_]+")
FEWEST_WORDS: Final = 5
LONGEST_TITLE_KEY: Final = 600
MOST_SUFFIX_WORDS: Final = 5
SHORTEST_NAME: Final = 3
# Those that put their name behind a title also where another site is given as its source.
PUBLISHERS: Final = frozenset(
    {
        *("ap news", "associated press", "axios", "barron s", "barrons", "bbc news", "benzinga", "bloomberg"),
        *("business insider", "business wire", "businesswire", "cbs news", "cnbc", "cnn", "financial times", "forbes"),
        *("fortune", "fox business", "globe newswire", "globenewswire", "insider monkey", "investing com"),
        *("investopedia", "investor s business daily", "los angeles times", "marketbeat", "marketwatch", "motley fool"),
        *("nasdaq", "new york times", "npr", "pr newswire", "prnewswire", "politico", "reuters", "seeking alpha"),
        *("techcrunch", "guardian", "hill", "street", "thestreet", "verge", "tipranks", "wall street journal"),
        *("washington post", "wsj", "yahoo finance", "zacks", "zacks com"),
    }
)


def url_key(url: str) -> str | None:
    """Return what names the article in an address, as ``host/path?query``; None when it names only a site.

    Left out: scheme, ``www.`` and ``m.``, AMP, fragment, tracking parameters, the order of the others, a slash at the
    end. Case matters only in the path and in values. A redirector's address (``finnhub.io/api/news?id=...``) is a key
    of its own: what it leads to is not known. Raises ValueError for what is not an address with a host.
    """
    parts = urlsplit(AMP_CACHE.sub("https://", url.strip(), count=1))
    host, port = (parts.hostname or "").rstrip("."), parts.port
    if not LABEL.fullmatch(host):
        message = "an address needs a host"
        raise ValueError(message)
    labels = host.lower().split(".")
    while len(labels) > 2 and labels[0] in HOST_LABELS:  # noqa: PLR2004  a site is a name and an ending
        labels.pop(0)
    named = ".".join(labels)
    if port is not None and port != PORTS.get(parts.scheme):
        named += f":{port}"
    path, query = path_of(parts.path), query_of(parts.query)
    if not path and not query:
        return None
    return named + path + query


def path_of(path: str) -> str:
    """Return a path without AMP and doubled slashes, escaped in one way."""
    steps = [quote(unquote_to_bytes(step), safe=KEPT_IN_PATH) for step in path.split("/") if step]
    while len(steps) > 1 and AMP in {steps[0].lower(), steps[-1].lower()}:
        steps.pop(0 if steps[0].lower() == AMP else -1)
    if steps:
        steps[-1] = AMP_ENDING.sub("", steps[-1])
    return "".join(f"/{step}" for step in steps)


def query_of(query: str) -> str:
    """Return the parameters that may name an article, sorted."""
    kept = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        plain = unquote_to_bytes(name).decode("utf-8", "replace").lower()
        if pair and plain not in TRACKING and not plain.startswith(TRACKING_PREFIXES):
            kept.append(escaped(name) + equals + escaped(value))
    return "?" + "&".join(sorted(kept)) if kept else ""


def escaped(text: str) -> str:
    """Escape a half of a parameter in one way."""
    return quote(unquote_to_bytes(text), safe=KEPT_IN_QUERY)


def title_key(title: str, source: str | None = None) -> str | None:
    """Return a title's words without case, accents, punctuation and the publisher's name behind it.

    None for a title of fewer than five words: two stories may well share it. Long ones are cut.
    """
    key = " ".join(words_of(without_publisher(title, source)))[:LONGEST_TITLE_KEY].rstrip()
    return key if key.count(" ") >= FEWEST_WORDS - 1 else None


def without_publisher(title: str, source: str | None) -> str:
    """Leave out the publisher's name behind a title, as in ``... - Reuters``."""
    marks = list(SEPARATED.finditer(title))
    if not marks:
        return title
    suffix = [word for word in words_of(title[marks[-1].end() :]) if word != "the"]
    if not 0 < len(suffix) <= MOST_SUFFIX_WORDS:
        return title
    told = "".join(word for word in words_of(source or "") if word != "the")
    name = "".join(suffix)
    is_source = min(len(told), len(name)) >= SHORTEST_NAME and (name in told or told in name)
    return title[: marks[-1].start()] if is_source or " ".join(suffix) in PUBLISHERS else title


def words_of(text: str) -> list[str]:
    """Return a text's words in order, without case and accents."""
    return WORD.findall(plain(plain(text)))


def plain(text: str) -> str:
    """Leave out accents and case. What comes of a letter may have a case or an accent of its own: do it twice."""
    if text.isascii():
        return text.lower()
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(letters).casefold()
