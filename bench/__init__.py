"""Paired benchmarks of Groat against the peers it replaces and the limits it works under: `python -m bench p1`."""
