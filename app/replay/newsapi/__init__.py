"""NewsAPI's dialect, on the plan named Developer."""
