"""Piccolo's configuration, for its own command line (``PICCOLO_CONF=migrations.piccolo_conf``)."""

from __future__ import annotations

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine

from app import settings

DB = PostgresEngine(config={"dsn": settings.load().database.url}, extensions=())
APP_REGISTRY = AppRegistry(apps=["migrations.piccolo_app"])
