"""Run the whole platform on one machine with no Docker, no root and no account."""
