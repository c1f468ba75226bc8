"""Find the Debian mirror that this machine already uses: no mirror's name stands in our files."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RELEASE: Final = "trixie"
KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_DEBIAN_SUITES: Final = frozenset(
    {"bullseye", "bookworm", "trixie", "forky", "sid", "oldoldstable", "oldstable", "stable", "testing", "unstable"}
)
_ONE_LINE: Final = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+\S")
_SECURITY: Final = "-security"


@dataclass(frozen=True)
class Source:
    """One archive and suite of the machine's own package sources."""

    uri: str
    suite: str
    signed_by: str = ""

    @property
    def is_security(self) -> bool:
        """Tell the security archive, which has an address of its own, from the main one."""
        return self.suite.endswith(_SECURITY)


def sources_for_release(root: Path = Path("/etc/apt"), keyring: Path = KEYRING) -> list[str]:
    """Return source lines for our release on the machine's own mirrors; empty when it is no Debian machine."""
    found = [source for source in read_sources(root) if _is_debian(source.suite)]
    lines = []
    for wanted, suite in ((False, RELEASE), (True, f"{RELEASE}{_SECURITY}")):
        source = next((each for each in found if each.is_security is wanted), None)
        if source:
            key = str(keyring) if keyring.exists() else source.signed_by
            lines.append(f"deb [signed-by={key}] {source.uri} {suite} main" if key else "")
    has_main = any(not source.is_security for source in found)
    return [line for line in lines if line] if has_main else []


def read_sources(root: Path) -> Iterator[Source]:
    """Yield the machine's sources, of both the deb822 and the one-line form."""
    for path in sorted((root / "sources.list.d").glob("*.sources")):
        yield from _deb822(path.read_text(errors="replace"))
    for path in [root / "sources.list", *sorted((root / "sources.list.d").glob("*.list"))]:
        if path.is_file():
            yield from _one_line(path.read_text(errors="replace").splitlines())


def _deb822(text: str) -> Iterator[Source]:
    for stanza in re.split(r"\n\s*\n", text):
        fields = {}
        for line in stanza.splitlines():
            if not line.startswith(("#", " ", "\t")) and ":" in line:
                name, _, value = line.partition(":")
                fields[name.strip().lower()] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in {"no", "false", "0"}:
            continue
        key = fields.get("signed-by", "")
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(uri, suite, key if key.startswith("/") else "")


def _one_line(lines: Iterable[str]) -> Iterator[Source]:
    for line in lines:
        if match := _ONE_LINE.match(line.strip()):
            key = re.search(r"signed-by=(/\S+)", match["options"] or "")
            yield Source(match["uri"], match["suite"], key[1] if key else "")


def _is_debian(suite: str) -> bool:
    return re.split(r"[-/]", suite)[0] in _DEBIAN_SUITES
