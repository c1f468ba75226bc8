"""Alpha Vantage's dialect, on a free key."""
