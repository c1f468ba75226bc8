"""One file a benchmark; `bench.__main__` lists them."""
