"""An example of the market's day, for its description."""

from typing import Any, Final

LINE: Final[dict[str, Any]] = {
    "session": "2010-05-06",
    "traded": 498,
    "compared": 498,
    "advancers": 13,
    "decliners": 484,
    "unchanged": 1,
    "median_percent": -3.2651,
    "median_low_percent": -9.1387,
    "median_high_percent": 0.7173,
    "dollar_volume": 213_933_799_614.2,
}
MOVER: Final[dict[str, Any]] = {
    "symbol": "PM",
    "name": "Philip Morris International",
    "sector": "Consumer Staples",
    "previous_close": 48.71,
    "low": 2.0,
    "high": 48.92,
    "close": 47.0,
    "change_percent": -3.5106,
    "low_percent": -95.8941,
    "high_percent": 0.4311,
    "volume": 16_460_700.0,
    "dollar_volume": 773_652_900.0,
    "recent": [49.42, 49.0, 48.71, 47.0],
}
MARKET: Final[dict[str, Any]] = {
    "universe": "all",
    "as_of": None,
    "day": {
        "line": LINE,
        "close_at": "2010-05-06T20:00:00Z",
        "previous": "2010-05-05",
        "following": "2010-05-07",
        "broad": {
            "mean_percent": -3.2371,
            "weighted_percent": -3.3912,
            "lower_quartile_percent": -4.0812,
            "upper_quartile_percent": -2.3472,
            "median_open_percent": -0.461,
            "fell_deep_at_low": 187,
            "fell_deep": 1,
            "volume_up": 206_023_800.0,
            "volume_down": 8_319_483_900.0,
        },
        "extremes": {"since": "2009-08-21", "able": 478, "highs": 8, "lows": 51},
        "distribution": [
            {"from_percent": None, "until_percent": -10.0, "count": 1},
            {"from_percent": -10.0, "until_percent": -9.0, "count": 1},
        ],
        "sectors": [
            {
                "sector": "Consumer Staples",
                "compared": 41,
                "advancers": 0,
                "decliners": 41,
                "mean_percent": -2.3,
                "weighted_percent": -2.4,
                "dollar_volume": 15_000_000_000.0,
            }
        ],
        "movers": {"gainers": [], "losers": [], "deepest": [MOVER], "active": []},
    },
    "sessions": [LINE],
    "freshness": {
        "latest": "2010-05-07",
        "latest_close_at": "2010-05-07T20:00:00Z",
        "late": [],
        "next": {"session": "2010-05-10", "close_at": "2010-05-10T20:00:00Z", "due_at": "2010-05-11T00:00:00Z"},
    },
}
