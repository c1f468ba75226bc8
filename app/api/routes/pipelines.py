"""Pipelines: what is declared, what ran, and how to start more."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import BodyKwarg, PathParameter, QueryParameter

from app.api import cursors
from app.api.deps import OPERATE, READ, HouseDependency
from app.domain.errors import UnknownSubjectError
from app.domain.pipelines import StepState
from app.ports.pipelines import PipelineView, RunView, StepView
from app.services.start_backfill import start_backfill
from app.services.start_pipeline import start_pipeline

MAX_ID = 2**53 - 1
Name = Annotated[str, PathParameter(max_length=64, pattern=r"^[a-z][a-z0-9_]*$", description="Name of a pipeline.")]
RunId = Annotated[int, PathParameter(ge=1, le=MAX_ID, description="Number of a run.")]
Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many at most.")]
WithinS = Annotated[
    int | None,
    QueryParameter(
        ge=1, le=2_678_400, description="Only runs that were under way in the last so many machine seconds."
    ),
]
State = Annotated[StepState | None, QueryParameter(name="state", description="Only steps that stand so.")]
Cursor = Annotated[
    str | None,
    QueryParameter(
        max_length=cursors.MAX_LENGTH,
        pattern=cursors.PATTERN,
        description="`next` of the page before; none for the first page.",
    ),
]
ArgumentName = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
ArgumentText = Annotated[str, msgspec.Meta(max_length=1_000, pattern=r"^[^\x00]*$")]
# The same bounds for both: a whole number would otherwise be refused as one, though it is allowed as the other.
Whole = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15)]
Fraction = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
Window = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[ -~]+$")]


class PipelineList(msgspec.Struct, frozen=True, kw_only=True):
    """Every declared pipeline, by name."""

    items: Sequence[PipelineView]


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """Runs, the latest first; `next` is the cursor of the next page, null on the last."""

    items: Sequence[RunView]
    next: str | None


class StepPage(msgspec.Struct, frozen=True, kw_only=True):
    """Steps of a run by step and part; `next` is the cursor of the next page, null on the last."""

    items: Sequence[StepView]
    next: str | None


class StartRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to run. There is one run for each window: a window that was started before is not started again."""

    window: Window
    args: Annotated[dict[ArgumentName, ArgumentText | Whole | Fraction | bool | None], msgspec.Meta(max_length=32)] = {}


class Backfill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which trading dates to fill: from `from` to before `until`. `force` asks again for what was answered."""

    from_: date = msgspec.field(name="from")
    until: date
    force: bool = False


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead steps were made ready again."""

    retried: int


THERE_ALREADY = {200: ResponseSpec(RunView, description="It was started before.", generate_examples=False)}


@get("/pipelines", **READ, operation_id="listPipelines", tags=["pipelines"], summary="List the pipelines")
async def list_pipelines(house: HouseDependency) -> PipelineList:
    """Return every declared pipeline with its schedule and its last run."""
    return PipelineList(items=await house.pipelines.list())


@get("/pipelines/{name:str}", **READ, operation_id="getPipeline", tags=["pipelines"], summary="Show a pipeline")
async def get_pipeline(house: HouseDependency, name: Name) -> PipelineView:
    """Return one pipeline with its schedule and its last run."""
    return await pipeline_of(house, name)


@get(
    "/pipelines/{name:str}/runs", **READ, operation_id="listRuns", tags=["pipelines"], summary="List a pipeline's runs"
)
async def list_runs(house: HouseDependency, name: Name, limit: Limit = 50, cursor: Cursor = None) -> RunPage:
    """Return runs, the latest first."""
    before = cursors.decode(cursor, tuple[int])[0] if cursor else None
    found = await house.pipelines.runs(name, before_id=before, limit=limit + 1)
    runs = found[:limit]
    return RunPage(items=runs, next=cursors.encode(runs[-1].id) if len(found) > limit else None)


@get(
    "/pipelines/runs",
    **READ,
    operation_id="listRecentRuns",
    tags=["pipelines"],
    summary="List the runs of all pipelines",
)
async def list_recent_runs(
    house: HouseDependency, within_s: WithinS = None, limit: Limit = 50, cursor: Cursor = None
) -> RunPage:
    """Return runs of every pipeline, the latest first: what a timeline of them needs in one answer."""
    before = cursors.decode(cursor, tuple[int])[0] if cursor else None
    found = await house.pipelines.runs(None, before_id=before, limit=limit + 1, within_s=within_s)
    runs = found[:limit]
    return RunPage(items=runs, next=cursors.encode(runs[-1].id) if len(found) > limit else None)


@get("/pipelines/runs/{run_id:int}", **READ, operation_id="getRun", tags=["pipelines"], summary="Show a run")
async def get_run(house: HouseDependency, run_id: RunId) -> RunView:
    """Return one run, its steps counted by state."""
    return await house.pipelines.run(run_id)


@get(
    "/pipelines/runs/{run_id:int}/steps",
    **READ,
    operation_id="listSteps",
    tags=["pipelines"],
    summary="List a run's steps",
)
async def list_steps(
    house: HouseDependency, run_id: RunId, standing: State = None, limit: Limit = 100, cursor: Cursor = None
) -> StepPage:
    """Return the steps of a run by step and part, each with its report or its last error."""
    after = cursors.decode(cursor, tuple[str, str]) if cursor else None
    found = await house.pipelines.steps(run_id, after=after, limit=limit + 1, state=standing)
    steps = found[:limit]
    last = cursors.encode(steps[-1].step, steps[-1].part) if len(found) > limit else None
    return StepPage(items=steps, next=last)


@post(
    "/pipelines/{name:str}/runs",
    **OPERATE,
    operation_id="startRun",
    tags=["pipelines"],
    summary="Start a run",
    status_code=202,
    responses=THERE_ALREADY,
)
async def start_run(
    house: HouseDependency, name: Name, data: Annotated[StartRun, BodyKwarg(description="What to run.")]
) -> Response[RunView]:
    """Start the run of a window, once: 202 when it is new, 200 with the run that is there otherwise."""
    run_id, is_new = await start_pipeline(house.pipelines, pipeline=name, window=data.window, args=data.args)
    return await started(house, run_id, is_new=is_new)


@post(
    "/pipelines/{name:str}/backfill",
    **OPERATE,
    operation_id="startBackfill",
    tags=["pipelines"],
    summary="Fill trading dates",
    status_code=202,
    responses=THERE_ALREADY,
)
async def backfill(
    house: HouseDependency, name: Name, data: Annotated[Backfill, BodyKwarg(description="Which dates.")]
) -> Response[RunView]:
    """Start a run over a span of trading dates: 202 when it is new, 200 with the run that is there otherwise."""
    run_id, is_new = await start_backfill(
        house.pipelines, house.clock, pipeline=name, from_=data.from_, until=data.until, force=data.force
    )
    return await started(house, run_id, is_new=is_new)


@post(
    "/pipelines/runs/{run_id:int}/retry",
    **OPERATE,
    operation_id="retryRun",
    tags=["pipelines"],
    summary="Retry dead steps",
    status_code=200,
)
async def retry(house: HouseDependency, run_id: RunId) -> Retried:
    """Make a run's dead steps ready again, with fresh attempts."""
    return Retried(retried=await house.pipelines.retry(run_id))


@post(
    "/pipelines/{name:str}/pause",
    **OPERATE,
    operation_id="pausePipeline",
    tags=["pipelines"],
    summary="Pause the schedule",
    status_code=200,
)
async def pause(house: HouseDependency, name: Name) -> PipelineView:
    """Stop the schedule of a pipeline; runs that exist go on. Pausing twice is pausing once."""
    await house.pipelines.pause(name)
    return await pipeline_of(house, name)


@post(
    "/pipelines/{name:str}/resume",
    **OPERATE,
    operation_id="resumePipeline",
    tags=["pipelines"],
    summary="Resume the schedule",
    status_code=200,
)
async def resume(house: HouseDependency, name: Name) -> PipelineView:
    """Let the schedule of a pipeline go on; what it missed is caught up as declared."""
    await house.pipelines.resume(name)
    return await pipeline_of(house, name)


async def pipeline_of(house: HouseDependency, name: str) -> PipelineView:
    """Return a pipeline; raise UnknownSubjectError when there is none of that name."""
    for view in await house.pipelines.list():
        if view.spec.name == name:
            return view
    message = "There is no pipeline of that name: GET /api/pipelines lists them."
    raise UnknownSubjectError(message)


async def started(house: HouseDependency, run_id: int, *, is_new: bool) -> Response[RunView]:
    """Answer with a run and where it is found."""
    run = await house.pipelines.run(run_id)
    return Response(run, status_code=202 if is_new else 200, headers={"Location": f"/api/pipelines/runs/{run_id}"})


ROUTES: list[Any] = [
    list_pipelines,
    get_pipeline,
    list_runs,
    list_recent_runs,
    get_run,
    list_steps,
    start_run,
    backfill,
    retry,
    pause,
    resume,
]
