"""Groat: a self-hosted research desk for US equities inside free-tier market data."""

__version__ = "0.1.0"
