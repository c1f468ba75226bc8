"""Pure nouns of the market: no clock, no network, no disk."""
