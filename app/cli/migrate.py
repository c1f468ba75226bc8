"""`groat migrate`: bring the database forward. It hands over to `migrations`, which `app` does not know."""

from __future__ import annotations

from app.cli.checkout import become
from app.cli.frame import verb


@verb(examples=["groat migrate"], reads=["DATABASE_URL", "DB_PASSWORD"])
def migrate() -> None:
    """Bring the database's schema up to date.

    One migration at a time, each in a transaction, behind a lock: it is safe to run from many machines at once.
    """
    become("migrations")
