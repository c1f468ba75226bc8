"""Every metric of Groat, declared once: name, help, labels, buckets.

Counters and histograms add up over all processes of a service (see `app.telemetry.multiprocess`). Where a
number lives in the database, it is read when Prometheus asks, not counted here.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# From 1 ms to 10 s; 0.5 is the latency objective's own bound.
LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

HTTP_REQUESTS = Counter(
    "http_requests_total", "HTTP requests answered; endpoint is the route's template.", ("method", "endpoint", "status")
)
HTTP_DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from a request's arrival to the end of its answer.",
    ("method", "endpoint"),
    buckets=LATENCY_S,
)
CACHE_HITS = Counter("cache_hits_total", "Answers given from a cache.", ("cache_type",))
CACHE_MISSES = Counter("cache_misses_total", "Answers that a cache did not have.", ("cache_type",))
DB_QUERY_DURATION = Histogram(
    "db_query_duration_seconds", "Time that a database query took.", ("query_type",), buckets=LATENCY_S
)
EXCEPTIONS = Counter("groat_exceptions_total", "Unforeseen exceptions, by type.", ("type",))
IN_FLIGHT = Gauge("groat_http_requests_in_flight", "HTTP requests being answered now.", multiprocess_mode="livesum")
