"""Start Granian with the settings: what `groat serve` calls.

Nothing of the web framework is imported here: each of Granian's processes does that for itself, and the
parent, which only watches over them, stays small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.errors import SettingsError
from app.telemetry import multiprocess, plain_logging

if TYPE_CHECKING:
    from app.settings import Settings

KILL_AFTER_S = 15
RESPAWN_AFTER_S = 0.5
HEADER_TIMEOUT_MS = 10_000


def serve(settings: Settings) -> None:
    """Serve the API until SIGTERM or SIGINT; answer what is under way, for 15 seconds at most.

    A process that dies is replaced. Raises SettingsError when the proxies to trust are not named.
    """
    if "*" in settings.api.trusted_proxies:
        message = "GROAT_API__TRUSTED_PROXIES must name addresses: with * any client could forge its own."
        raise SettingsError(message)
    folder = multiprocess.prepare("api")
    # This process handles no requests, and no settings but these: it has no secrets to cover.
    plain_logging.configure(level=settings.log_level, form=settings.log_format)
    from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415  the folder must be named first
    from granian.http import HTTP1Settings  # noqa: PLC0415  as above
    from granian.server import Server  # noqa: PLC0415  as above

    server = Server(
        "app.api.main:asgi",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.api.host,
        port=settings.api.port,
        workers=settings.api.workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
        websockets=False,
        backpressure=settings.api.backpressure,
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_AFTER_S,
        workers_kill_timeout=KILL_AFTER_S,
        log_access=False,
        log_dictconfig={"loggers": {"_granian": {"handlers": [], "propagate": True}}},
    )
    try:
        server.serve()
    finally:
        multiprocess.discard(folder)
