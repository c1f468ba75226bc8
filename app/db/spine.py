"""The spine's stores together, as the workers hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.db.pipeline_heart import Heartbeat
from app.db.pipeline_runs import RunStore
from app.db.pipeline_schedule import ScheduleStore
from app.db.pipeline_steps import StepStore, Times

if TYPE_CHECKING:
    from app.db.engine import Database
    from app.settings import WorkerSettings


class Spine:
    """Steps, runs and schedule of one database, with one set of times."""

    def __init__(self, database: Database, settings: WorkerSettings) -> None:
        """Open nothing: the database's pool carries all but the heart's beat."""
        self.times = Times(lease_s=settings.lease_s, resend_s=settings.resend_s, backoff_s=settings.backoff_s)
        self.steps = StepStore(database, self.times)
        self.runs = RunStore(database, self.times.resend_s)
        self.schedule = ScheduleStore(database, self.times)
        self._url = database.url

    def heartbeat(self, name: str) -> Heartbeat:
        """Return the heart's own connection; `name` is what `pg_stat_activity` shows."""
        return Heartbeat(self._url, name, self.times)
