"""Check this machine and the running stack: what was found, and what to do about it."""

import json
import shutil
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from ops.local import environment, plan, ports
from ops.local.envfile import EnvFile
from ops.local.errors import EXIT_FAILED, LocalStackError
from ops.local.market import boot_id
from ops.local.prefix import default_root, installed
from ops.local.stack import has_pages
from ops.local.state import NEEDED_BYTES, State
from ops.local.supervision import Supervisor
from ops.local.valkey import answers_ping

Verdict = Literal["ok", "warn", "fail"]
_OLDEST_PYTHON: Final = (3, 11)
_COMFORTABLE_BYTES: Final = 5_000_000_000
_NEEDED_MEMORY_MB: Final = 400
_SANE_YEARS: Final = range(2024, 2100)


@dataclass(frozen=True)
class Finding:
    """The answer of one check."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Patient:
    """What the checks look at."""

    state: State
    processes: Path

    def settings(self) -> dict[str, str]:
        """Return the settings as the platform sees them."""
        return EnvFile(self.state.env_file).values() | environment.copy()

    def is_up(self) -> bool:
        """Tell whether a launcher runs."""
        return self.state.read_running().launcher_pid is not None


Check = Callable[[Patient], Iterator[Finding]]


def run(state: State, processes: Path, *, as_json: bool) -> int:
    """Print every finding; return 1 when one of them is a failure."""
    findings = examine(Patient(state, processes))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            print(f"{finding.verdict:<4}  {finding.name:<22} {finding.found}")
            if finding.advice and finding.verdict != "ok":
                print(f"      {'':<22} -> {finding.advice}")
    return EXIT_FAILED if any(finding.verdict == "fail" for finding in findings) else 0


def examine(patient: Patient) -> list[Finding]:
    """Run every check; one that breaks is a failure of its own, not of the others."""
    findings = []
    for check in CHECKS:
        try:
            findings += list(check(patient))
        except (LocalStackError, OSError, ValueError) as e:
            findings.append(Finding(check.__name__.replace("check_", ""), "fail", str(e)))
    return findings


def check_web_pages(_patient: Patient) -> Iterator[Finding]:
    """See that the web pages are built."""
    found = "built" if has_pages() else "not built: the API answers, its root has no page"
    advice = "ops/frontend.sh builds them, where npm is (Node 20.19 or newer)"
    yield Finding("web pages", "ok" if has_pages() else "warn", found, advice)


def check_python(_patient: Patient) -> Iterator[Finding]:
    """See that Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    is_good = sys.version_info[:2] >= _OLDEST_PYTHON
    yield Finding("python", "ok" if is_good else "fail", version, "install Python 3.11 or newer")


def check_disk(patient: Patient) -> Iterator[Finding]:
    """See that there is room for data."""
    folder = patient.state.root if patient.state.root.exists() else patient.state.root.parent
    free = shutil.disk_usage(folder).free
    verdict: Verdict = "fail" if free < NEEDED_BYTES else "warn" if free < _COMFORTABLE_BYTES else "ok"
    yield Finding("disk", verdict, f"{free / 1e9:.1f} GB free", "free some space, or use --state on another disk")


def check_memory(_patient: Patient) -> Iterator[Finding]:
    """See that the servers fit into memory."""
    rows = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    free_mb = next(int(row[1]) for row in rows if row[0] == "MemAvailable:") // 1024
    verdict: Verdict = "ok" if free_mb >= _NEEDED_MEMORY_MB else "warn"
    yield Finding("memory", verdict, f"{free_mb} MB available", f"the stack is content with {_NEEDED_MEMORY_MB} MB")


def check_clock(patient: Patient) -> Iterator[Finding]:
    """See that the machine's date is believable, and that the replay's clock is of this boot."""
    year = time.gmtime().tm_year
    verdict: Verdict = "ok" if year in _SANE_YEARS else "fail"
    yield Finding("clock", verdict, time.strftime("%F %T UTC", time.gmtime()), "set the machine's date")
    zone = Path("/usr/share/zoneinfo/America/New_York").exists()
    yield Finding("time zones", "ok" if zone else "warn", "installed" if zone else "missing", "install tzdata")
    settings = patient.settings()
    if settings.get("GROAT_CLOCK__MODE") == "replay" and "GROAT_CLOCK__BOOT_ID" in settings:
        is_now = settings["GROAT_CLOCK__BOOT_ID"] == boot_id()
        found = "set in this boot of the machine" if is_now else "set before the machine was started again"
        yield Finding("market clock", "ok" if is_now else "warn", found, "ops/start.sh sets it anew")


def check_prefix(patient: Patient) -> Iterator[Finding]:
    """See that the database programs are there, unless addresses make them needless."""
    binaries = installed(default_root())
    if binaries:
        plain = "no TimescaleDB: fine for a try, slower on years of intraday bars; use a Debian host, or DATABASE_URL"
        verdict: Verdict = "ok" if binaries.timescale_version else "warn"
        yield Finding("database programs", verdict, binaries.edition, plain)
    elif "DATABASE_URL" in environment.copy():
        yield Finding("database programs", "ok", "not needed: DATABASE_URL is given")
    else:
        yield Finding(
            "database programs", "warn", f"not in {default_root()} yet", "the first ops/start.sh fetches them"
        )
    if (word := patient.settings().get("DATABASE_URL")) and urlsplit(word).scheme not in {"postgresql", "postgres"}:
        yield Finding("DATABASE_URL", "fail", "not a postgresql:// address", "correct it")


def check_permissions(patient: Patient) -> Iterator[Finding]:
    """See that nobody else can read the credentials or the data."""
    for path, wanted in ((patient.state.root, 0o700), (patient.state.env_file, 0o600)):
        if not path.exists():
            yield Finding(path.name, "warn", "not there yet", "the first ops/start.sh or ops/setup.sh makes it")
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        verdict: Verdict = "fail" if mode & 0o077 else "ok"
        yield Finding(path.name, verdict, f"mode {mode:04o}", f"chmod {wanted:04o} {path}")


def check_ports(patient: Patient) -> Iterator[Finding]:
    """See that the ports are ours or free."""
    up = patient.is_up()
    for name, number in plan.read_ports(patient.processes).items():
        if up or ports.is_free(number):
            yield Finding(f"port {number}", "ok", f"{name}: {'in use by the stack' if up else 'free'}")
        else:
            advice = f"stop that process, or start with {plan.port_variable(name)}=<number>"
            yield Finding(f"port {number}", "fail", f"{name}: taken by {ports.holder_of(number)}", advice)


def check_processes(patient: Patient) -> Iterator[Finding]:
    """See that each process of a running stack runs."""
    running = patient.state.read_running()
    if not patient.is_up():
        if running.supervisor_pid:
            found = f"supervisor {running.supervisor_pid} outlived its launcher"
            yield Finding("stack", "warn", found, "ops/stop.sh or the next ops/start.sh ends it")
        else:
            yield Finding("stack", "ok", "not running")
        return
    for name, seen in Supervisor(patient.state).all().items():
        once = seen.state == "EXITED" and seen.exit_code == 0
        verdict: Verdict = "ok" if seen.is_running or once else "fail"
        found = "done" if once else f"{seen.state.lower()}, pid {seen.pid}, for {seen.running_s} s"
        yield Finding(name, verdict, found, f"ops/logs.sh {name}")


def check_servers(patient: Patient) -> Iterator[Finding]:
    """See that the database and both Valkeys answer; a stack that is down is no failure."""
    settings, down = patient.settings(), "fail" if patient.is_up() else "warn"
    for name in ("DATABASE_URL", "REDIS_URL", "GROAT_CACHE_URL"):
        if not (address := settings.get(name)):
            yield Finding(name, "warn", "not set yet", "the first ops/start.sh sets it")
            continue
        parts = urlsplit(address)
        host, port = parts.hostname or ports.LOOPBACK, parts.port or (5432 if name == "DATABASE_URL" else 6379)
        if name == "DATABASE_URL":
            answers = _accepts(host, port)
        else:
            answers = answers_ping(port, unquote(parts.password or ""), host)
        verdict: Verdict = "ok" if answers else "fail" if down == "fail" else "warn"
        found = f"{host}:{port} {'answers' if answers else 'does not answer'}"
        yield Finding(name, verdict, found, "start the stack (ops/start.sh), or correct the address")


def _accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


CHECKS: Final[tuple[Check, ...]] = (
    check_python,
    check_web_pages,
    check_disk,
    check_memory,
    check_clock,
    check_prefix,
    check_permissions,
    check_ports,
    check_processes,
    check_servers,
)
