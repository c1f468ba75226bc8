"""Piccolo tables, importable only from app.db and migrations."""
