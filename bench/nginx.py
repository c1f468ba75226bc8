"""nginx with one worker that serves prepared answers from files: the limit for a cached answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bench.lab import ROOT
from bench.web import Server
from ops.local.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.lab import Lab

# The access log is off, as for every other server here; temporary paths must not lie in system folders.
_SETTINGS: Final = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  open_file_cache max=2000 inactive=600s;
  open_file_cache_valid 600s;
  default_type application/json;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {host}:{port};
    root {folder}/www;
  }}
}}
"""


def static_server(lab: Lab, files: Mapping[str, bytes]) -> Server:
    """Write the files and describe an nginx that serves them by name."""
    folder = lab.folder / "nginx"
    www = folder / "www"
    www.mkdir(parents=True)
    www.joinpath("ready").write_text("true")
    for name, body in files.items():
        www.joinpath(name).write_bytes(body)
    port = free_port()
    settings = folder / "nginx.conf"
    settings.write_text(_SETTINGS.format(folder=folder, host=LOOPBACK, port=port))
    folder.chmod(0o755)
    command = [*lab.tools.nginx, "-e", "stderr", "-p", str(folder), "-c", str(settings)]
    origin = f"http://{LOOPBACK}:{port}"
    return Server("nginx", command, {}, ROOT, lab.folder / "nginx.log", origin, "/ready")
