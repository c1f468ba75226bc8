"""The offline market: provider-shaped HTTP over bundled real data."""
