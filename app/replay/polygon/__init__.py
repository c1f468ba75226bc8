"""Polygon's (since 2025: Massive's) dialect, on the plan named Basic."""
