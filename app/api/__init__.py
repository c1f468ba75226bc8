"""The web: the only room that knows Litestar, beside the replay market."""
