"""The live stream: a bounded Valkey stream of events, written by every process and read by the API's."""
