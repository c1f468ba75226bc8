"""Put Debian packages into a private folder: no root, no dpkg, nothing installed system-wide.

    the machine's apt sources -> private apt (own state, signatures verified) -> .deb files -> unpack -> patchelf

The programs then load only libraries of the folder, on a host of any Debian release; the paths inside are absolute,
so a moved folder is patched again.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from ops.local import environment
from ops.local.errors import LocalStackError
from ops.local.mirror import sources_for_release

# fmt: off
PACKAGES: Final = (
    "postgresql-17", "postgresql-client-17", "postgresql-17-timescaledb", "valkey-server", "valkey-tools",
    "libc6", "libpq5", "libssl3t64", "libxml2", "libicu76", "libstdc++6", "libgcc-s1", "liblz4-1", "libzstd1",
    "zlib1g", "libpam0g", "libaudit1", "libcap-ng0", "libgssapi-krb5-2", "libkrb5-3", "libk5crypto3",
    "libkrb5support0", "libcom-err2", "libkeyutils1", "libldap2", "libsasl2-2", "libuuid1", "libsystemd0",
    "libcap2", "liblzma5", "libselinux1", "libpcre2-8-0", "libreadline8t64", "libtinfo6", "libxslt1.1",
    "libgcrypt20", "libgpg-error0", "libcrypt1", "libdb5.3t64", "libhiredis1.1.0", "libjemalloc2", "liblzf1",
    "libatomic1", "libxxhash0",
)
# fmt: on
POSTGRES_BIN: Final = Path("usr/lib/postgresql/17/bin")
POSTGRES_LIB: Final = Path("usr/lib/postgresql/17/lib")
_NOT_UNPACKED: Final = (
    "./usr/share/doc/*",
    "./usr/share/locale/*",
    "./usr/share/man/*",
    "*/llvmjit*",
    "*/bitcode*",
    "*/gconv/*",
)
_TOOLS: Final = ("apt-get", "apt-config", "dpkg-deb", "tar")
_DOWNLOAD_TIMEOUT_S: Final = 600


def missing() -> str:
    """Say what this machine lacks for the Debian way; empty when it has all."""
    absent = [tool for tool in _TOOLS if not shutil.which(tool)]
    if absent:
        return f"no {', '.join(absent)} here"
    if not sources_for_release():
        return "no signed Debian mirror in the machine's apt sources"
    if not find_patchelf():
        return "the patchelf package is not installed"
    return ""


def install(root: Path, work: Path) -> dict[str, str]:
    """Download, unpack and patch the packages into `root`; return their versions."""
    archives = download(work)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda archive: unpack(archive, root), archives))
    patch(root)
    return dict(archive.name.split("_")[:2] for archive in archives)


def download(work: Path, packages: Sequence[str] = PACKAGES) -> list[Path]:
    """Fetch the packages with a private apt, which checks every signature; return their archives."""
    archives = work / "archives"
    for folder in (archives, work / "state/lists/partial", work / "cache/archives/partial"):
        folder.mkdir(parents=True, exist_ok=True)
    (work / "status").touch()
    (work / "sources.list").write_text("\n".join(sources_for_release()) + "\n")
    settings = work / "apt.conf"
    settings.touch(mode=0o600)
    settings.write_text(_apt_settings(work))
    variables = environment.copy(APT_CONFIG=str(settings), LC_ALL="C.UTF-8")
    _run(["apt-get", "-q", "update"], work, variables)
    _run(["apt-get", "-q", "download", *packages], archives, variables)
    return sorted(archives.glob("*.deb"))


def patch(root: Path) -> None:
    """Point every program at the loader and libraries of this folder, then prove that none of the host's is used."""
    libraries = library_folder(root)
    loader = _loader(libraries)
    programs = _programs(root)
    patchelf = find_patchelf()
    if not patchelf:
        message = "patchelf is missing: install the project's lock into the virtual environment (ops/start.sh does)."
        raise LocalStackError(message)
    options = ["--set-interpreter", str(loader), "--force-rpath", "--set-rpath", str(libraries)]
    _run([patchelf, *options, *map(str, programs)], root, environment.copy())
    for target in [*programs, *(root / POSTGRES_LIB).glob("*.so")]:
        _check_libraries(loader, libraries, target)


def library_folder(root: Path) -> Path:
    """Return the folder that holds the packages' libraries, whatever the processor."""
    found = next((root / "usr/lib").glob("*-linux-gnu*"), None)
    if found is None:
        message = f"{root} holds no libraries: remove the folder and start again."
        raise LocalStackError(message)
    return found


def find_patchelf() -> str | None:
    """Return the patchelf of this virtual environment, else the machine's."""
    own = Path(sys.prefix) / "bin/patchelf"
    return str(own) if own.exists() else shutil.which("patchelf")


def _apt_settings(work: Path) -> str:
    """Keep the machine's proxies and certificates (`Acquire`), but none of its hooks."""
    proxies = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    return proxies + "\n".join(
        [
            f'Dir::State "{work}/state";',
            f'Dir::State::status "{work}/status";',
            f'Dir::Cache "{work}/cache";',
            f'Dir::Etc::sourcelist "{work}/sources.list";',
            'Dir::Etc::sourceparts "-";',
            'Dir::Etc::parts "-";',
            'Dir::Etc::main "-";',
            'APT::Sandbox::User "";',
            'APT::Update::Error-Mode "any";',
            'Acquire::Languages "none";',
            'Acquire::Retries "2";',
            "",
        ]
    )


def unpack(archive: Path, root: Path) -> None:
    """Pipe the archive's files into the folder, without what no server needs."""
    root.mkdir(parents=True, exist_ok=True)
    reader = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE)
    with reader:
        skipped = [f"--exclude={pattern}" for pattern in _NOT_UNPACKED]
        command = ["tar", "-x", "-C", str(root), "--no-same-owner", "--wildcards", *skipped]
        subprocess.run(command, stdin=reader.stdout, check=True, capture_output=True)
    if reader.returncode:
        message = f"{archive.name} could not be unpacked: remove {root} and start again."
        raise LocalStackError(message)


def _programs(root: Path) -> list[Path]:
    folders = (root / POSTGRES_BIN, root / "usr/bin")
    files = [
        path for folder in folders for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink()
    ]
    return [path for path in files if path.read_bytes()[:4] == b"\x7fELF"]


def _loader(libraries: Path) -> Path:
    return next(libraries.glob("ld-linux*.so.*"))


def _check_libraries(loader: Path, libraries: Path, target: Path) -> None:
    """Refuse a forgotten library, which would be taken from the host silently."""
    through = ["--library-path", str(libraries)] if target.suffix == ".so" else []
    command = [str(loader), *through, "--list", str(target)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    paths = [line.split("=>")[1].split()[0] for line in answer.stdout.splitlines() if "=>" in line]
    foreign = [path for path in paths if not path.startswith((str(libraries), str(loader)))]
    if answer.returncode or foreign:
        what = ", ".join(foreign) or answer.stderr.strip() or answer.stdout.strip()
        message = f"{target.name} would not run from the private folder alone: {what}. Please report this."
        raise LocalStackError(message)


def _run(command: list[str], folder: Path, variables: dict[str, str]) -> None:
    answer = subprocess.run(
        command,
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=_DOWNLOAD_TIMEOUT_S,
        stdin=subprocess.DEVNULL,
    )
    if answer.returncode:
        last = "; ".join((answer.stderr.strip() or answer.stdout.strip()).splitlines()[-3:])
        message = f"`{Path(command[0]).name} {command[2] if command[1] == '-q' else command[1]}` failed: {last}"
        raise LocalStackError(message)
