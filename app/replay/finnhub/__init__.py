"""Finnhub's dialect, on a free key."""
