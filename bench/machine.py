"""Say what machine this is, and how much memory and processor time our servers took."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from ops.local import processes

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def describe() -> str:
    """Return one line: cores, processor family, memory, load, Python."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory_kb = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    gigabytes = f"{int(memory_kb[1]) / 1024**2:.0f} GB" if memory_kb else "memory unknown"
    name = cpu[1] if cpu else platform.machine()
    return (
        f"{os.cpu_count()} cores ({name}), {gigabytes}, Python {platform.python_version()}, load {load_average():.1f}"
    )


def load_average() -> float:
    """Return the load of the last minute."""
    return os.getloadavg()[0]


def cpu_s(pid: int) -> float:
    """Return the processor seconds of a process and its living descendants."""
    return sum(_cpu_ticks(each) for each in (pid, *processes.descendants(pid))) / _TICKS_PER_S


def rss_mb(pid: int) -> float:
    """Return the resident memory of one process, shared pages included."""
    return _kilobytes(pid, "status", "VmRSS") / 1024


def pss_mb(pid: int) -> float:
    """Return the memory of one process with shared pages divided among those who share them."""
    return _kilobytes(pid, "smaps_rollup", "Pss") / 1024


def tree(pid: int) -> list[int]:
    """Return a process and its living descendants."""
    return [each for each in (pid, *processes.descendants(pid)) if processes.is_alive(each)]


def command(pid: int) -> str:
    """Return a process's command line, shortened."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()[:60]


def _cpu_ticks(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    after_name = text[text.rindex(")") + 2 :].split()
    return int(after_name[11]) + int(after_name[12])


def _kilobytes(pid: int, file: str, key: str) -> int:
    found = re.search(rf"^{key}:\s*(\d+) kB", Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0
