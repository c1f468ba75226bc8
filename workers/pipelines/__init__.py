"""One pipeline a file: each module exports PIPELINE, and this package is the list of them.

The cron stands beside the functions; the API, the command line and other orchestrators read the declarations.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.pipelines import PipelineError, PipelineSpec, check
from app.services.tick_schedule import check_cron

if TYPE_CHECKING:
    from app.bootstrap import House
    from app.ports.steps import Step

StepFunction = Callable[["Step", "House"], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A declaration and the function of each step.

    Raises PipelineError when they do not fit together.
    """

    spec: PipelineSpec
    run: Mapping[str, StepFunction]

    def __post_init__(self) -> None:
        """Check the declaration."""
        check(self.spec)
        check_cron(self.spec)
        declared, given = {step.name for step in self.spec.steps}, set(self.run)
        if declared != given:
            odd = ", ".join(sorted(declared ^ given))
            message = f"{self.spec.name} must have one function for each declared step; these do not match: {odd}."
            raise PipelineError(message)


Registry = Mapping[str, Pipeline]


def registry() -> Registry:
    """Return every pipeline of this package by name; raise PipelineError when a module exports none."""
    found: dict[str, Pipeline] = {}
    for module in pkgutil.iter_modules(__path__):
        pipeline = getattr(importlib.import_module(f"{__name__}.{module.name}"), "PIPELINE", None)
        if not isinstance(pipeline, Pipeline) or pipeline.spec.name != module.name:
            message = f"workers/pipelines/{module.name}.py must export PIPELINE, a Pipeline named {module.name!r}."
            raise PipelineError(message)
        found[module.name] = pipeline
    return found
