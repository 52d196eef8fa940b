"""The images of the lab. Their names have the registry `reef.test`, which does not exist: nothing can be fetched."""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from lab import oci, postgres_image, python_layers, rootfs, versions
from lab.building import say
from lab.folders import alone, cache, used
from lab.oci import Image, Layer, LayerWriter
from lab.programs import HERE, program

PAUSE = "reef.test/pause:1"
COREDNS = f"reef.test/coredns:{versions.COREDNS}"
LOCATION = "reef.test/location:1"
SERVER = "reef.test/dagster:1"  # webserver and daemon
POSTGRES = "reef.test/postgres:18"
REEF = "reef.test/reef:1"
PRIVATE = "registry.reef.test/private/small:1"  # on no node: only in the registry that asks for a password

_PATH = "PATH=/usr/local/bin:/usr/bin:/bin"
_SOURCES = ("oci.py", "rootfs.py", "python_layers.py", "images.py", "postgres_image.py", "versions.py")
# What a location's image has, so that its runs can be Jobs that write into a PostgreSQL.
_RUNS = ("dagster", "dagster-postgres", versions.DAGSTER_K8S, versions.KUBERNETES_CLIENT)
_SERVER = (*_RUNS, "dagster-webserver")
_REEF = ("click", "grpcio", "msgspec", "pyyaml", "watchfiles", "lightkube", "psycopg[binary]", "cryptography")
_REEFS_PAGE = ("starlette", "uvicorn", "jinja2")
CODE = """
import dagster as dg


@dg.asset
def orders() -> int:
    return 1


defs = dg.Definitions(assets=[orders], jobs=[dg.define_asset_job("nightly")])
"""


def archive() -> Path:
    """An OCI archive with all of them, made once for each state of this code, of the programs and of the lock file."""
    with alone("images"):
        folder = cache() / "images" / _key()
        if not (folder / "images.tar").exists():
            _make(folder)
        used(folder)
        return folder / "images.tar"


def _make(folder: Path) -> None:
    started = time.monotonic()
    say("making the images (once; some minutes)")
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    oci.archive(part / "images.tar", _all(part), platform.machine())
    for tree in python_layers.TREES:
        shutil.rmtree(part / tree)
    part.rename(folder)
    say(f"made the images in {time.monotonic() - started:.0f} s")


def _key() -> str:
    told = hashlib.sha256(sys.version.encode())
    for name in _SOURCES:
        told.update((HERE / name).read_bytes())
    told.update(python_layers.LOCK.read_bytes())
    told.update(str((program("pause"), program("coredns"))).encode())
    return told.hexdigest()[:12]


def _all(work: Path) -> list[Image]:
    pause, coredns = _alone(work, "pause"), _alone(work, "coredns")
    layers = dagster_layers(work)
    below = layers[:2]
    python_layers.packages(work, (*_REEF, *_REEFS_PAGE), "reef")
    return [
        Image(PAUSE, (pause,), {"Entrypoint": ["/pause"]}),
        Image(COREDNS, (coredns,), {"Entrypoint": ["/coredns"]}),
        Image(PRIVATE, (pause,), {"Entrypoint": ["/pause"], "Labels": {"test.reef": "private"}}),
        location(LOCATION, layers, {"defs.py": CODE}, work / "location.tar"),
        Image(SERVER, (*below, python_layers.packages(work, _SERVER, "server")), {"Env": [_PATH]}),
        Image(POSTGRES, (layers[0], postgres_image.layer(work / "postgres.tar")), postgres_image.CONFIG),
    ]


def _alone(work: Path, name: str) -> Layer:
    """A program that needs nothing beside it."""
    writer = LayerWriter(work / f"{name}.tar")
    writer.copy(name, program(name))
    return writer.done()


def dagster_layers(work: Path, python: Path = Path(sys.executable)) -> tuple[Layer, ...]:
    """A root file system, a Python and Dagster; `work` is a folder for the layers."""
    base = LayerWriter(work / "base.tar")
    rootfs.write(base)
    return base.done(), python_layers.interpreter(python, work), python_layers.packages(work, _RUNS)


def reef(path: Path, folder: Path, source: Path, name: str = REEF) -> None:
    """An OCI archive at `path` with Reef's own image, of the code in `source`, by that name. Its other layers lie in
    `folder`, and are in the archive, too: no node has them from the start."""
    packages = python_layers.code(source, path.parent / "code")
    below = [oci.layer(folder / f"{name}.tar") for name in ("base", "python", "reef")]
    config = {"Env": [_PATH], "User": "10001", "WorkingDir": "/tmp", "Entrypoint": ["reef"]}
    oci.archive(path, [Image(name, (*below, packages), config)], platform.machine())


def locations(path: Path, folder: Path, code: Mapping[str, str]) -> None:
    """An OCI archive at `path` with more locations, image name -> defs.py.

    They have the layers of LOCATION in `folder`, which are not in the archive: whoever loads it has them.
    """
    below = tuple(oci.layer(folder / f"{name}.tar") for name in ("base", "python", "packages"))
    made = [
        location(name, below, {"defs.py": text}, path.with_suffix(f".{number}"))
        for number, (name, text) in enumerate(code.items())
    ]
    oci.archive(path, made, platform.machine(), without=below)


def location(name: str, layers: tuple[Layer, ...], code: Mapping[str, str], path: Path) -> Image:
    """A code location's image: its files lie in /opt/app, the last layer, which is written to `path`."""
    writer = LayerWriter(path)
    for file, content in sorted(code.items()):
        writer.file(f"opt/app/{file}", content.encode())
    serve = ["dagster", "api", "grpc", "-h", "0.0.0.0", "-p", "4000", "-f", "/opt/app/defs.py"]  # noqa: S104
    return Image(name, (*layers, writer.done()), {"Env": [_PATH], "WorkingDir": "/opt/app", "Cmd": serve})
