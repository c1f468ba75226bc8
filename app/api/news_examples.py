"""Examples of news."""

from typing import Any

JsonObject = dict[str, Any]

# Invented, as the addresses show: articles are their publishers'.
ARTICLE: JsonObject = {
    "id": 12,
    "title": "Apple raises its dividend by a tenth and buys back more of its own shares",
    "summary": "The company said so with its quarterly report.",
    "url": "https://www.example.com/2010/05/06/apple-dividend",
    "source": "Example Wire",
    "author": None,
    "image_url": None,
    "published_at": "2010-05-06T20:45:00Z",
    "known_at": "2010-05-06T21:10:00Z",
    "provider": "finnhub",
    "symbols": ["AAPL"],
    "sentiments": [
        {
            "symbol": "AAPL",
            "score": 0.27,
            "label": "Somewhat-Bullish",
            "provider": "alpha_vantage",
            "known_at": "2010-05-07T04:10:00Z",
        }
    ],
    "sightings": 2,
    "rank": None,
}
ARTICLE_SEEN: JsonObject = {
    "seen": [
        {
            "provider": "finnhub",
            "url": "https://www.example.com/2010/05/06/apple-dividend",
            "known_at": "2010-05-06T21:10:00Z",
        },
        {
            "provider": "alpha_vantage",
            "url": "https://www.example.com/amp/2010/05/06/apple-dividend",
            "known_at": "2010-05-07T04:10:00Z",
        },
    ],
    "links": [{"symbol": "AAPL", "provider": "finnhub", "basis": "provider", "known_at": "2010-05-06T21:10:00Z"}],
}
