"""The shared way out: one HTTP client, and no call without a reservation."""
