"""Ask a process whether it is ready, in the way that `ops/processes.toml` names."""

import http.client
import subprocess

from ops.local import ports
from ops.local.plan import Plan, Process
from ops.local.supervision import Seen
from ops.local.valkey import answers_ping

_TIMEOUT_S = 3


def is_ready(process: Process, seen: Seen, plan: Plan, redis_password: str) -> bool:
    """Tell whether the process is healthy now."""
    match process.ready:
        case {"http": {"port": str(name), "path": str(path)}}:
            return answers_http(plan.ports[name], path)
        case {"tcp": str(name)}:
            return ports.accepts(plan.ports[name])
        case {"ping": str(name)}:
            return answers_ping(plan.ports[name], redis_password)
        case {"exec": list(words)}:
            return _succeeds([str(word) for word in words])
        case _:
            return seen.is_running


def answers_http(port: int, path: str) -> bool:
    """Tell whether a GET of the path answers 200."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _succeeds(words: list[str]) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False, timeout=_TIMEOUT_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
