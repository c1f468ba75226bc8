"""`python -m migrations`: bring the configured database forward, then fill the calendar of sessions."""

from __future__ import annotations

import asyncio
import sys

from app import settings
from app.domain.errors import DependencyDownError, GroatError, SettingsError
from migrations.runner import migrate, tier


def main() -> int:
    """Migrate; print what was done; return the exit code."""
    try:
        url = settings.load().database.url
        if not url:
            print("DATABASE_URL is not set: `ops/start.sh` sets it, or see `groat settings`.", file=sys.stderr)
            return 2
        done = asyncio.run(migrate(url, say=print))
        print(f"schema is up to date ({len(done)} new); database tier: {asyncio.run(tier(url))}")
    except GroatError as e:
        print(e, file=sys.stderr)
        return 2 if isinstance(e, SettingsError) else 3 if isinstance(e, DependencyDownError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
