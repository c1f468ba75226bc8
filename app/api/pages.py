"""The web pages: the built frontend, given from memory, beside the API and under the strictest policy that it needs.

A file is found by its whole address in a table of what was built: no address leads out of the folder.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from app.api.hot_reads import matches
from app.api.middleware import App, Receive, Scope, Send, Whole, completed
from app.domain.errors import SettingsError

BUILT: Final = Path(__file__).resolve().parents[2] / "frontend/dist"
INDEX: Final = "/index.html"
# What the API answers itself, known or not.
RESERVED: Final = frozenset({"api", "metrics", "problems"})
POLICY: Final = (
    b"default-src 'self'; img-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    b"form-action 'self'; frame-ancestors 'none'"
)
HASHED: Final = "/assets/"
FOREVER: Final = b"public, max-age=31536000, immutable"
ALWAYS_ASKED: Final = b"no-cache"
ENCODINGS: Final = ((".br", b"br"), (".gz", b"gzip"))
TYPES: Final = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".json": b"application/json",
    ".map": b"application/json",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
    ".ico": b"image/x-icon",
    ".txt": b"text/plain; charset=utf-8",
    ".webmanifest": b"application/manifest+json",
    ".woff2": b"font/woff2",
}
LOOK_S: Final = 1.0


class Form(NamedTuple):
    """One encoding of a file: its bytes, its ETag and its headers."""

    body: bytes
    etag: bytes
    headers: Whole
    unchanged: Whole


class Pages:
    """An ASGI application that gives the pages, and hands everything else on. A new build is noticed by itself."""

    def __init__(self, app: App, folder: Path) -> None:
        """Wrap `app`; `folder` holds an index.html when the pages are built, now or later."""
        self.app = app
        self.folder = folder
        self.files: dict[str, dict[bytes, Form]] = {}
        self.built_at = 0
        self.looked_at = -LOOK_S

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a page or one of its files, or hand on."""
        if scope["type"] == "http" and scope["method"] == "GET" and (found := self.find(scope)) is not None:
            scope["path_template"] = "/{page}"
            await give(found, scope, send)
            return
        await self.app(scope, receive, send)

    def find(self, scope: Scope) -> dict[bytes, Form] | None:
        """Return the forms of the file that an address names; every address of a page is answered by the index."""
        path: str = scope["path"]
        if path.split("/", 2)[1:2] and path.split("/", 2)[1] in RESERVED:
            return None
        self.refresh()
        if path == "/":
            return self.files.get(INDEX)
        found = self.files.get(path)
        if found is None and "." not in path.rpartition("/")[2] and b"text/html" in header(scope, b"accept"):
            return self.files.get(INDEX)
        return found

    def refresh(self) -> None:
        """Read the folder again when another build is there, looking once a second at most."""
        if monotonic() - self.looked_at < LOOK_S:
            return
        self.looked_at = monotonic()
        try:
            built_at = (self.folder / INDEX[1:]).stat().st_mtime_ns
            if built_at != self.built_at:
                self.files = dict(read(self.folder))
                self.built_at = built_at
        except OSError:
            # It is being built, or was never built: what was read before is still good.
            return


def folder_of(setting: str) -> Path:
    """Return the folder that a setting names, the checkout's own when it is empty.

    Raises SettingsError when the setting names a folder without an index.html.
    """
    if not setting:
        return BUILT
    folder = Path(setting)
    if not (folder / INDEX[1:]).is_file():
        message = "GROAT_API__FRONTEND names a folder without an index.html: build the pages (npm run build) first."
        raise SettingsError(message)
    return folder


def read(folder: Path) -> Iterator[tuple[str, dict[bytes, Form]]]:
    """Yield each file of a build under its address, with its encodings."""
    root = folder.resolve()
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        is_hidden = any(part.startswith(".") for part in inside.parts)
        if is_hidden or path.suffix in {".br", ".gz"} or path.is_symlink() or not path.is_file():
            continue
        address = f"/{inside.as_posix()}"
        forms = {b"": form(address, path.read_bytes(), b"")}
        for suffix, encoding in ENCODINGS:
            packed = path.with_name(path.name + suffix)
            if packed.is_file() and not packed.is_symlink():
                forms[encoding] = form(address, packed.read_bytes(), encoding)
        yield address, forms


def form(address: str, body: bytes, encoding: bytes) -> Form:
    """Complete one encoding of a file with its headers."""
    caching = FOREVER if address.startswith(HASHED) else ALWAYS_ASKED
    etag = b'"%s"' % hashlib.blake2b(encoding + body, digest_size=15).hexdigest().encode("ascii")
    shared = [
        (b"etag", etag),
        (b"cache-control", caching),
        (b"vary", b"accept-encoding"),
        (b"content-security-policy", POLICY),
    ]
    media_type = TYPES.get(Path(address).suffix, b"application/octet-stream")
    own = [(b"content-type", media_type), (b"content-length", str(len(body)).encode("ascii"))]
    if encoding:
        own.append((b"content-encoding", encoding))
    return Form(body, etag, completed([*own, *shared]), completed(shared))


async def give(forms: dict[bytes, Form], scope: Scope, send: Send) -> None:
    """Send a file in the best encoding that the client takes, or 304 when the client has it."""
    taken = accepted(header(scope, b"accept-encoding"))
    chosen = next((forms[encoding] for _, encoding in ENCODINGS if encoding in forms and encoding in taken), forms[b""])
    if_none_match = header(scope, b"if-none-match")
    is_known = bool(if_none_match) and matches(if_none_match, chosen.etag)
    headers = chosen.unchanged if is_known else chosen.headers
    await send({"type": "http.response.start", "status": 304 if is_known else 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_known else chosen.body, "more_body": False})


def accepted(accept_encoding: bytes) -> set[bytes]:
    """Return the encodings that a client takes: those that it names, but for those with a quality of 0."""
    found = set()
    for part in accept_encoding.lower().split(b","):
        name, _, quality = part.replace(b" ", b"").partition(b";q=")
        if not quality or quality.strip(b"0."):
            found.add(name)
    return found


def header(scope: Scope, wanted: bytes) -> bytes:
    """Return a header's values, by commas."""
    return b",".join(value for name, value in scope["headers"] if name == wanted)
