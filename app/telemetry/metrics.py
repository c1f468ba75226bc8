"""Every metric of Groat, declared once: name, help, labels, buckets.

Counters, histograms and gauges are kept by each process and added up over the processes of a service (see
`app.telemetry.multiprocess`). READINGS are not kept: they are read from the database, or from the clock,
when Prometheus asks the API.
"""

from __future__ import annotations

from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from types import TracebackType

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
CACHE_BYTES = Gauge(
    "groat_cache_bytes", "Memory that cached answers take.", ("cache_type",), multiprocess_mode="livesum"
)
CACHE_ENTRIES = Gauge("groat_cache_entries", "Cached answers.", ("cache_type",), multiprocess_mode="livesum")
DB_QUERY_DURATION = Histogram(
    "db_query_duration_seconds", "Time that a database query took.", ("query_type",), buckets=LATENCY_S
)
DB_POOL = Gauge(
    "groat_db_pool_connections", "Connections of the pools, by state.", ("state",), multiprocess_mode="livesum"
)
DB_POOL_WAITING = Gauge("groat_db_pool_waiting", "Requests that wait for a connection.", multiprocess_mode="livesum")
LISTENERS = Gauge(
    "groat_listeners_alive", "Processes that hear of changed data as they happen.", multiprocess_mode="livesum"
)
STREAM_CLIENTS = Gauge("groat_stream_clients", "Open live streams.", multiprocess_mode="livesum")
STREAM_LOST = Counter("groat_stream_lost_total", "Events that could not be put into the live stream.")
STREAM_DROPPED = Counter("groat_stream_dropped_total", "Clients of the live stream that were dropped for being slow.")
EXCEPTIONS = Counter("groat_exceptions_total", "Unforeseen exceptions, by type.", ("type",))
PROVIDER_CALLS = Counter("groat_provider_calls_total", "Calls to data providers, by outcome.", ("provider", "outcome"))
PROVIDER_DURATION = Histogram(
    "groat_provider_call_duration_seconds", "Time that a provider's reply took.", ("provider",), buckets=LATENCY_S
)
STEPS = Counter("groat_pipeline_steps_total", "Pipeline steps that ended, by outcome.", ("pipeline", "step", "outcome"))
STEP_DURATION = Histogram(
    "groat_pipeline_step_duration_seconds",
    "Time from a step's claim to its recorded outcome.",
    ("pipeline", "step"),
    buckets=(*LATENCY_S, 30.0, 60.0, 300.0),
)
HINTS = Counter("groat_pipeline_hints_total", "Hints that workers took, by what they were good for.", ("outcome",))
ROWS_STORED = Counter(
    "groat_rows_stored_total", "Rows that ingestion stored, by what became of them.", ("dataset", "change")
)
ROWS_QUARANTINED = Counter("groat_rows_quarantined_total", "Rows that were held back as suspect.", ("dataset", "rule"))


class Reading(NamedTuple):
    """A gauge that is read when Prometheus asks."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


READINGS = (
    Reading("groat_info", "Always 1; the labels say what runs.", ("version", "environment")),
    Reading("groat_up", "1 when a service that Groat needs answers, otherwise 0.", ("dependency",)),
    Reading("groat_process_resident_bytes", "Memory of a service's processes together.", ("service",)),
    Reading("groat_market_time_seconds", "Market time, in seconds since 1970."),
    Reading("groat_market_speed", "Market seconds that pass in a machine second."),
    Reading("groat_instruments", "Instruments known, by whether they are still listed.", ("active",)),
    Reading("groat_bars_estimate", "Stored bars, as PostgreSQL's statistics estimate them.", ("dataset",)),
    Reading("groat_data_newest_session_seconds", "Newest stored session, in seconds since 1970.", ("dataset",)),
    Reading("groat_data_age_seconds", "Market time since the newest stored session's date.", ("dataset",)),
    Reading("groat_data_last_success_timestamp_seconds", "Machine time when a dataset last changed.", ("dataset",)),
    Reading("groat_quota_used", "Calls that count against a provider's window now.", ("provider", "window_s", "class")),
    Reading("groat_quota_limit", "Calls that a provider's window allows.", ("provider", "window_s", "class")),
    Reading("groat_provider_blocked", "1 while a provider has us blocked, otherwise 0.", ("provider",)),
    Reading(
        "groat_provider_clock_skew_seconds",
        "A provider's clock less the database server's, last compared.",
        ("provider",),
    ),
    Reading("groat_pipeline_runs", "Pipeline runs, by state.", ("pipeline", "state")),
    Reading("groat_pipeline_open_steps", "Steps of running pipeline runs, by state.", ("pipeline", "state")),
    Reading("groat_pipeline_last_success_timestamp_seconds", "When a pipeline's run last ended well.", ("pipeline",)),
    Reading("groat_queue_depth", "Steps that could run now but are not claimed.", ("queue",)),
    Reading("groat_queue_oldest_seconds", "How long the oldest claimable step has waited.", ("queue",)),
    Reading("groat_keeper_age_seconds", "Machine seconds since the schedule was last kept."),
    Reading("groat_quarantine_held", "Suspect rows that wait for a decision.", ("dataset",)),
    Reading("groat_quarantine_open", "Suspect rows that wait for a decision, by rule.", ("dataset", "rule")),
    Reading("groat_data_flags_open", "Open doubts about stored bars, by rule.", ("rule",)),
    Reading("groat_data_freshness_seconds", "Market time since what is newest of a dataset was true.", ("dataset",)),
    Reading("groat_data_completeness_ratio", "Stored over expected facts, from 0 to 1.", ("dataset",)),
    Reading("groat_data_gaps", "Final sessions within reach that are not stored in whole.", ("dataset",)),
)
Readings = dict[str, dict[tuple[str, ...], float]]


class Query:
    """Times a database query: ``with query("read_bars"): ...``."""

    __slots__ = ("child", "started")

    def __init__(self, child: Any) -> None:  # noqa: ANN401  prometheus_client does not type its children usefully
        """Keep the histogram's child."""
        self.child = child
        self.started = 0.0

    def __enter__(self) -> Self:
        """Start the watch."""
        self.started = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, and count; failures count too."""
        self.child.observe(perf_counter() - self.started)


def query(query_type: str) -> Query:
    """Time what is done inside as one database query; `query_type` is one of a few fixed names, never a value."""
    return Query(_duration_of(query_type))


@cache
def _duration_of(query_type: str) -> Histogram:
    return DB_QUERY_DURATION.labels(query_type)
