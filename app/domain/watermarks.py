"""Watermarks: the versions of datasets, as one text."""

from __future__ import annotations


def versions(watermark: str) -> dict[str, int]:
    """Read ``bars_daily:5,instruments:1``; an empty text means that nothing was ever stored."""
    pairs = (part.rpartition(":") for part in watermark.split(",") if part)
    return {dataset: int(version) for dataset, _, version in pairs}
