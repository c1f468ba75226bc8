"""Wrong answers on demand: which requests get one, and what is wrong with it."""
