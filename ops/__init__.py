"""Run Groat: the local stack today, the rest of operations beside it."""
