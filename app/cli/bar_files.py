"""Files of bars that appear only when they are complete, written batch by batch."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from app.domain.errors import GroatError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    import polars as pl

SUFFIXES = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".json": "json",
    ".ndjson": "json",
}
STDOUT = "-"
STREAMED = ("csv", "json")


class NotWrittenError(GroatError):
    """The file could not be written; what was there before is untouched."""

    code = "not_written"


def path_of(output: str, form: str | None, forms: Sequence[str]) -> tuple[Path, str]:
    """Return the file and its format, by default the one its name says; raise UsageError when neither says."""
    path = Path(output)
    kind = form or SUFFIXES.get(path.suffix.lower())
    if kind is None:
        message = f"{output} does not say its format: add --format {'|'.join(forms)}."
        raise click.UsageError(message)
    if output == STDOUT and kind not in STREAMED:
        message = f"{kind} cannot be written to stdout: name a file with -o."
        raise click.UsageError(message)
    if output != STDOUT and not path.absolute().parent.is_dir():
        message = f"{path.parent} is no folder: make it first, or name another with -o."
        raise click.UsageError(message)
    return path, kind


class BarFile:
    """A file in the making. Add frames inside its context; leaving it whole puts the file in its place."""

    def __init__(self, path: Path, kind: str) -> None:
        """Name the file; nothing is written yet."""
        self.path, self.kind = path, kind
        self.rows = 0
        self._is_first = True
        self._batches: list[Path] = []
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        """Make a folder beside the file for what is not complete yet."""
        if str(self.path) != STDOUT:
            try:
                self._folder = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.", dir=self.path.absolute().parent))
            except OSError as e:
                raise self._not_written(e) from e
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the file in its place, or leave nothing behind."""
        try:
            if error is None and self._folder is not None:
                self._finish().replace(self.path)
        except OSError as e:
            raise self._not_written(e) from e
        finally:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, frame: pl.DataFrame) -> None:
        """Append a frame; all must have the same columns."""
        try:
            self._append(frame)
        except BrokenPipeError:
            raise
        except OSError as e:
            raise self._not_written(e) from e
        self.rows += len(frame)
        self._is_first = False

    def _append(self, frame: pl.DataFrame) -> None:
        if self.kind in STREAMED:
            text = frame.write_csv(include_header=self._is_first) if self.kind == "csv" else frame.write_ndjson()
            if self._folder is None:
                sys.stdout.write(text)
            else:
                with self._whole().open("a", encoding="utf-8") as file:
                    file.write(text)
        elif self._folder is not None:
            self._batches.append(self._folder / f"{len(self._batches):06}.arrow")
            frame.write_ipc(self._batches[-1], compat_level=_oldest())

    def _finish(self) -> Path:
        import polars as pl  # noqa: PLC0415  heavy

        whole = self._whole()
        if self._batches:
            frames = pl.scan_ipc(self._batches)
            if self.kind == "parquet":
                frames.sink_parquet(whole, compression="zstd")
            else:
                frames.sink_ipc(whole, compat_level=_oldest())
        return whole

    def _whole(self) -> Path:
        return Path(str(self._folder)) / "whole"

    def _not_written(self, error: OSError) -> NotWrittenError:
        reason = error.strerror or str(error)
        return NotWrittenError(f"{self.path} could not be written ({reason}); what was there before is untouched.")


def _oldest() -> Any:  # noqa: ANN401  polars is imported late
    """Return the Arrow layout that every reader takes."""
    import polars as pl  # noqa: PLC0415  heavy

    return pl.CompatLevel.oldest()
