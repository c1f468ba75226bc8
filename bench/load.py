"""Put a load on a web server with wrk and read its report."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench import machine

if TYPE_CHECKING:
    from pathlib import Path

    from bench.tools import Tools

CONNECTIONS: Final = 32
_MS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
# wrk calls request() for every request: the texts are built once, before the clock starts.
_SCRIPT: Final = """
local texts = {}
local at = 0
init = function(args)
  for path in io.lines("%s") do
    texts[#texts + 1] = wrk.format("GET", path, {["Accept"] = "%s"})
  end
end
request = function()
  at = at %% #texts + 1
  return texts[at]
end
"""


class LoadError(Exception):
    """The server did not answer as it should under load: a rate would be meaningless."""


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw; latencies in ms, `cpu_ms` is the server's processor time a request."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Target:
    """A server to load: its address, the paths to cycle through, and whose processor time to count."""

    tools: Tools
    folder: Path
    name: str
    origin: str
    paths: tuple[str, ...]
    pid: int
    accept: str = "application/json"

    def run(self, seconds: float, connections: int = CONNECTIONS) -> Load:
        """Load the server for some seconds; raise LoadError when any answer was not 2xx."""
        script = self._script()
        before = machine.cpu_s(self.pid)
        words = ["-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "--timeout", "10s", "-s", str(script)]
        done = subprocess.run([*self.tools.wrk, *words, self.origin], capture_output=True, text=True, check=False)
        if done.returncode:
            message = f"wrk failed on {self.name}: {done.stderr.strip() or done.stdout.strip()}"
            raise LoadError(message)
        used = machine.cpu_s(self.pid) - before
        return self._read(done.stdout, used)

    def _script(self) -> Path:
        paths = self.folder / f"{self.name}.paths"
        paths.write_text("\n".join(self.paths) + "\n")
        script = self.folder / f"{self.name}.lua"
        script.write_text(_SCRIPT % (paths, self.accept))
        return script

    def _read(self, report: str, cpu_s: float) -> Load:
        if problem := re.search(r"(Non-2xx.*|Socket errors.*)", report):
            message = f"{self.name} did not answer every request: {problem[1].strip()}"
            raise LoadError(message)
        rate = re.search(r"Requests/sec:\s+([\d.]+)", report)
        total = re.search(r"(\d+) requests in", report)
        if not rate or not total or int(total[1]) == 0:
            message = f"{self.name} answered nothing:\n{report}"
            raise LoadError(message)
        return Load(float(rate[1]), _latency(report, "50%"), _latency(report, "99%"), cpu_s / int(total[1]) * 1000)


def _latency(report: str, percentile: str) -> float:
    found = re.search(rf"\s{percentile}\s+([\d.]+)(us|ms|s|m)", report)
    if not found:
        message = f"wrk's report has no {percentile} line:\n{report}"
        raise LoadError(message)
    return float(found[1]) * _MS[found[2]]
