"""The queue: hints to workers, carried by Valkey or Redis."""
