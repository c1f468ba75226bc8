"""Real market data that ships inside registry packages, read into columns."""
