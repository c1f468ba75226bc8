"""Logging for a process that only watches over others: the standard library's, in the shape of everybody's lines.

structlog would be most of such a process's memory and start-up time.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


def configure(*, level: str, form: str) -> None:
    """Set up logging for this process: ``console``, ``json``, or ``auto`` (console when stderr is a terminal)."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s [%(levelname)s] %(message)s") if console else JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())


class JsonLines(logging.Formatter):
    """One JSON object a line, with the keys that structlog's lines have."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
