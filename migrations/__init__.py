"""Piccolo migrations, raw SQL where hypertables need it."""
