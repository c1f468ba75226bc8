"""What the spine's rows look like on the way in and out: JSON columns, and the first rows of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from app.domain.pipelines import PipelineSpec, first_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.db.engine import Connection
    from app.ports.steps import StepKey

# One insert: a run that is there already is left alone, and so are its steps.
NEW_RUN = """
WITH run AS (
  INSERT INTO pipeline_runs (pipeline, win, args) VALUES (%(pipeline)s, %(window)s, %(args)s::text::jsonb)
  ON CONFLICT (pipeline, win) DO NOTHING RETURNING id
), steps AS (
  INSERT INTO pipeline_steps (run_id, step, needs, queue, deadline_s, state)
  SELECT run.id, s.step, array(SELECT jsonb_array_elements_text(s.needs)), s.queue, s.deadline_s, s.state
  FROM run, jsonb_to_recordset(%(steps)s::text::jsonb)
    AS s(step text, needs jsonb, queue text, deadline_s float8, state text)
)
SELECT id FROM run
"""


def to_jsonb(value: object) -> str:
    """Encode for a jsonb column, which refuses NUL characters: they become U+FFFD."""
    return msgspec.json.encode(value, order="deterministic").decode().replace("\\u0000", "\\ufffd")


def to_text(value: str) -> str:
    """Make any text fit a text column, which refuses NUL characters, and bound its length."""
    return value.replace("\0", "\ufffd")[:4000]


def first_rows(spec: PipelineSpec) -> str:
    """Return a run's first step rows as JSON: a step that needs nothing is ready at once."""
    rows = [
        {
            "step": step.name,
            "needs": spec.needs(step.name),
            "queue": step.queue,
            "deadline_s": step.deadline_s,
            "state": "waiting" if spec.needs(step.name) else "ready",
        }
        for step in first_steps(spec)
    ]
    return to_jsonb(rows)


def keys(wanted: Iterable[StepKey]) -> dict[str, object]:
    """Return step keys as three arrays, for unnest()."""
    rows = [(key.run_id, key.step, key.part) for key in wanted]
    return {name: [row[n] for row in rows] for n, name in enumerate(("runs", "steps", "parts"))}


def read_spec(spec: object) -> PipelineSpec | None:
    """Read a declaration; None when a newer version wrote it, with fields that this one does not know."""
    try:
        return msgspec.convert(spec, PipelineSpec)
    except msgspec.ValidationError:
        return None


async def insert_run(unit: Connection, spec: PipelineSpec, window: str, args: Mapping[str, object]) -> int | None:
    """Insert a run and its first steps; return its number, or None when the window has a run already."""
    values = {"pipeline": spec.name, "window": window, "args": to_jsonb(args), "steps": first_rows(spec)}
    row = await (await unit.execute(NEW_RUN, values)).fetchone()
    return None if row is None else int(str(row[0]))
