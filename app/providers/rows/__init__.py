"""Replies as they come, where a provider has too many kinds of rows for its own file."""
