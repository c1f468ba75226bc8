"""Environment in, one frozen Struct tree out; nobody else reads the environment.

``GROAT_<SECTION>__<FIELD>`` names a field of a section, ``GROAT_<FIELD>`` one at the top. The established
names (``DATABASE_URL``, ``REDIS_URL``, ``SECRET_KEY``, ...) are honoured as they are. A secret may come
from a file: the same name with ``_FILE`` behind it. Unknown ``GROAT_*`` names are refused.

    tree.py      what there is to set
    names.py     what the environment calls it
    sources.py   the process's environment, over the settings file
    reading.py   from the one to the other
    showing.py   the settings for people, secrets covered
    signing.py   is SECRET_KEY fit to sign with?
"""

from app.settings.names import fields, is_secret, names, secret_paths
from app.settings.reading import Reading, load, read
from app.settings.showing import Row, redacted, rows, secret_values
from app.settings.signing import MIN_SECRET_BYTES, signing_key
from app.settings.sources import ENV_FILE, environment, read_env_file
from app.settings.tree import (
    ApiSettings,
    ClockSettings,
    DatabaseSettings,
    Keys,
    PolygonSettings,
    RedisSettings,
    ReplaySettings,
    Section,
    Settings,
    WorkerSettings,
)

__all__ = [
    "ENV_FILE",
    "MIN_SECRET_BYTES",
    "ApiSettings",
    "ClockSettings",
    "DatabaseSettings",
    "Keys",
    "PolygonSettings",
    "Reading",
    "RedisSettings",
    "ReplaySettings",
    "Row",
    "Section",
    "Settings",
    "WorkerSettings",
    "environment",
    "fields",
    "is_secret",
    "load",
    "names",
    "read",
    "read_env_file",
    "redacted",
    "rows",
    "secret_paths",
    "secret_values",
    "signing_key",
]
