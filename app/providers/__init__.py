"""One data source a file: abilities, allowance, requests, replies."""
