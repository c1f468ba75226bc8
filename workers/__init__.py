"""The night shift: the same use cases through another door."""
