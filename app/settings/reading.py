"""From names and values to the tree, with a message worth reading when something is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from app.domain.errors import SettingsError
from app.settings.names import PASSWORDS, Path, choices, fields, names, refuse_unknown, traits
from app.settings.sources import PROCESS, Layer, layers, lookup
from app.settings.tree import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMES = {
    "postgres": ("postgresql", "postgres"),
    "redis": ("redis", "rediss", "unix"),
    "http": ("http", "https"),
}
# What msgspec expects, in the words of somebody who sets an environment variable.
EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "date": "a date such as 2010-04-26",
    "datetime": "a time with its zone, such as 2010-04-26T13:30:00Z",
}


class Given(NamedTuple):
    """A value as it was given: by which name, in which layer."""

    value: str
    name: str
    source: str
    depth: int


class Reading(NamedTuple):
    """The settings, and for each path that was given, the name and the source it came from."""

    settings: Settings
    given: Mapping[Path, Given]


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Build the settings from an environment (by default the process's, over the settings file).

    Raises SettingsError with one line that says which name is wrong, and what to do.
    """
    return read(env).settings


def read(env: Mapping[str, str] | None = None) -> Reading:
    """Build the settings as `load` does, and tell where each value came from."""
    found = layers() if env is None else [Layer(PROCESS, env)]
    known = names()
    given: dict[Path, Given] = {}
    for depth, layer in enumerate(found):
        refuse_unknown(layer.values, known)
        given |= _given(layer, known, depth)
    _with_passwords(given, found)
    kinds = dict(fields())
    for path, one in given.items():
        given[path] = one._replace(value=_checked(one, kinds[path]))
    return Reading(_convert(given), {path: one for path, one in given.items() if one.value})


def with_password(url: str, password: str | None) -> str:
    """Return the URL with the password in it, unless it has one already."""
    parts = urlsplit(url)
    if not url or not password or parts.password:
        return url
    netloc = f"{parts.username or ''}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc))


def _given(layer: Layer, known: Mapping[str, Path], depth: int) -> dict[Path, Given]:
    """Collect what one layer sets; two of its names for one place must agree. An empty value unsets."""
    here: dict[Path, Given] = {}
    for name, path in known.items():
        if name not in layer.values and name + "_FILE" not in layer.values:
            continue
        one = Given(lookup(layer.values, name) or "", name, layer.source, depth)
        other = here.get(path)
        if other and other.value and one.value and other.value != one.value:
            message = f"{name} contradicts {other.name}, another name for the same setting: keep one."
            raise SettingsError(message)
        if not (other and other.value):
            here[path] = one
    return here


def _with_passwords(given: dict[Path, Given], found: Sequence[Layer]) -> None:
    """Put each password into the URLs of its own layer and of those below.

    Never into one from above: the file's password belongs to the file's server.
    """
    for name, paths in PASSWORDS.items():
        for depth in reversed(range(len(found))):
            password = lookup(found[depth].values, name)
            for path in paths if password else ():
                one = given.get(path)
                if one and one.depth <= depth:
                    given[path] = one._replace(value=_joined(one, password))


def _joined(one: Given, password: str | None) -> str:
    try:
        return with_password(one.value, password)
    except ValueError:
        raise _no_url(one.name, "an address") from None


def _checked(one: Given, field: Any) -> str:  # noqa: ANN401  msgspec's field types are open
    """Check that an address is one of its kind; return it as its client wants it."""
    kind = traits(field).get("url")
    if not kind or not one.value:
        return one.value
    schemes = SCHEMES[kind]
    wanted = f"an address such as {schemes[0]}://..."
    try:
        parts = urlsplit(one.value)
        _ = parts.port
    except ValueError:
        raise _no_url(one.name, wanted) from None
    # SQLAlchemy's spelling, postgresql+asyncpg://, names a driver that nobody else wants to hear of.
    scheme = parts.scheme.partition("+")[0] if kind == "postgres" else parts.scheme
    if scheme not in schemes:
        raise _no_url(one.name, wanted)
    return one.value if scheme == parts.scheme else scheme + one.value[len(parts.scheme) :]


def _no_url(name: str, wanted: str) -> SettingsError:
    return SettingsError(f"{name} is not {wanted}: correct it (its value is not shown, as it may hold a password).")


def _convert(given: Mapping[Path, Given]) -> Settings:
    tree: dict[str, Any] = {}
    for path, one in given.items():
        if one.value:
            branch = tree
            for part in path[:-1]:
                branch = branch.setdefault(part, {})
            branch[path[-1]] = one.value
    try:
        return msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as e:
        raise SettingsError(_explain(str(e), given)) from None


def _explain(text: str, given: Mapping[Path, Given]) -> str:
    """Turn msgspec's ``... - at `$.a.b` `` into a line that names the variable, its value and what it must be."""
    what, _, where = text.partition(" - at `$.")
    path = tuple(where.rstrip("`").split("."))
    one = given[path]
    return (
        f"{one.name} was {one.value!r}, but must be {_wanted(what, dict(fields())[path])}: correct it ({one.source})."
    )


def _wanted(what: str, field: Any) -> str:  # noqa: ANN401  msgspec's field types are open
    if what.startswith("Invalid enum value"):
        return "one of " + ", ".join(choices(field))
    expected = re.search(r"(?:Expected `|encoded )(\w+)[^`]*`?(.*)", what)
    kind, bound = expected.groups() if expected else ("", "")
    words = EXPECTED.get(kind, "something else")
    return words + bound if re.match(r" [<>]", bound) else words
