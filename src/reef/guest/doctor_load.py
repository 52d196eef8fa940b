"""Loads a location as Dagster's code server does, and writes its definitions as Dagster sends them."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import sys
from typing import Any

SERVER = ("dagster", "dagster._grpc.server", "dagster._cli.api")
# What a server loads besides, whatever its location: see `like_a_server`.
LATER = (
    "sqlalchemy",
    "alembic.config",
    "dagster._core.storage.sqlite_storage",
    "dagster._core.workspace.context",
)


def like_a_server() -> None:
    """Imports what Dagster's code server has before it comes to a location's code, and what it loads later anyway: a
    location is not to be blamed for these. Raises ImportError where there is no Dagster."""
    importlib.import_module(SERVER[0])
    for name in (*SERVER[1:], *LATER):
        try:
            importlib.import_module(name)
        except ImportError:
            continue


def load(target: dict[str, Any], cwd: str, location: str, others: dict[str, list[str]] | None = None) -> Any:
    """Dagster's own `LoadedRepositories`. Raises what the location's code raises. `others`: variables that get another
    value than they have, with values that may be one."""
    _dotenv(cwd)
    for name, values in (others or {}).items():
        os.environ[name] = _another(os.environ.get(name), values)
    server: Any = importlib.import_module("dagster._grpc.server")
    origins: Any = importlib.import_module("dagster._core.types.loadable_target_origin")
    given = {name: value for name, value in target.items() if value}
    known = origins.LoadableTargetOrigin._fields
    origin = origins.LoadableTargetOrigin(
        executable_path=sys.executable, **{name: value for name, value in given.items() if name in known}
    )
    wanted = {
        "loadable_target_origin": origin,
        "container_image": None,
        "entry_point": [sys.executable, "-m", "dagster"],
        "container_context": None,
        "code_location_name": location,
    }
    takes = inspect.signature(server.LoadedRepositories.__init__).parameters
    return server.LoadedRepositories(**{name: value for name, value in wanted.items() if name in takes})


def _another(now: str | None, values: list[str]) -> str:
    """One that is not the present one, and is of its kind: code that cannot read it would tell nothing."""
    flags = {
        "true": "false",
        "false": "true",
        "1": "0",
        "0": "1",
        "yes": "no",
        "no": "yes",
        "on": "off",
        "off": "on",
    }
    for value in values:
        if value != now:
            return value
    if now is None:
        return "1"
    if now.lower() in flags:
        return flags[now.lower()]
    return str(int(now) + 1) if now.isdecimal() else f"{now}-other"


def _dotenv(cwd: str) -> None:
    """As Dagster's server does: variables of `.env` that are not set."""
    try:
        module: Any = importlib.import_module("dagster._core.secrets.env_file")
        for name, value in module.get_env_var_dict(cwd).items():
            os.environ.setdefault(name, value)
    except Exception:
        return


def definitions(loaded: Any) -> dict[str, dict[str, Any]]:
    """Repository -> how many of what, the size and the digest of its serialized data, jobs included."""
    data: Any = importlib.import_module("dagster._core.remote_representation.external_data")
    serialize: Any = importlib.import_module("dagster._serdes").serialize_value
    found = {}
    for name, repository in loaded.definitions_by_name.items():
        snap = _snap(data, repository)
        text = serialize(snap).encode()
        found[name] = {
            "assets": len(_of(snap, "asset_nodes", "external_asset_graph_data")),
            "jobs": len(_of(snap, "job_datas", "external_job_datas")),
            "schedules": len(_of(snap, "schedules", "external_schedule_datas")),
            "sensors": len(_of(snap, "sensors", "external_sensor_datas")),
            "bytes": len(text),
            "digest": hashlib.sha256(text).hexdigest(),
        }
    return found


def _snap(data: Any, repository: Any) -> Any:
    kind = getattr(data, "RepositorySnap", None)
    if kind is not None and hasattr(kind, "from_def"):
        return kind.from_def(repository)
    return data.external_repository_data_from_def(repository)


def _of(snap: Any, *names: str) -> Any:
    for name in names:
        if (value := getattr(snap, name, None)) is not None:
            return value
    return ()


def digest(found: dict[str, dict[str, Any]]) -> str:
    whole = hashlib.sha256()
    for name in sorted(found):
        whole.update(f"{name}\0{found[name]['digest']}\0".encode())
    return whole.hexdigest()


def reason(error: BaseException, is_own: Any) -> dict[str, Any]:
    """What and where: the innermost frame of first-party code, of the error that came first."""
    where: tuple[str, int] = ("", 0)
    first: BaseException = error
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        traceback = each.__traceback__
        here: tuple[str, int] = ("", 0)
        while traceback is not None:
            file = traceback.tb_frame.f_code.co_filename
            if is_own(file):
                here = (file, traceback.tb_lineno)
            traceback = traceback.tb_next
        if isinstance(each, SyntaxError) and each.filename and is_own(each.filename):
            here = (each.filename, each.lineno or 0)
        if here[0] or not where[0]:
            where, first = (here if here[0] else where), each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return {"message": f"{type(first).__name__}: {first}"[:500], "file": where[0], "line": where[1]}
