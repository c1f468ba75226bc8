"""Encoded answers, kept in process and dropped when what they were made from changes."""
