"""Reading a `dg` project or workspace, to the same locations as `dg dev` makes of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reef.errors import ReefError
from reef.fleet.dotenv import read_env_file
from reef.fleet.interpreter import fault_of
from reef.fleet.model import CodeTarget, Fleet, Location
from reef.fleet.names import check_names
from reef.fleet.toml_file import TomlTable, read_toml
from reef.fleet.workspace_location import default_name

_OWN_PYTHON = "DG_PROJECT_PYTHON_EXECUTABLE"


@dataclass(frozen=True)
class _Project:
    """One project: its folder, its file, and the `project` table in it."""

    folder: str
    file: str
    table: TomlTable


def find_dg(folder: str) -> str | None:
    """The file with the settings of `dg` in a folder: dg.toml, else a pyproject.toml with `[tool.dg]`."""
    for name in ("dg.toml", "pyproject.toml"):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and _settings(path).data:
            return path
    return None


def read_dg(path: str, environ: Mapping[str, str], default_python: str) -> Fleet:
    """The fleet of a project's or a workspace's dg.toml or pyproject.toml. Raises ReefError."""
    folder = os.path.dirname(path)
    settings = _settings(path)
    files, locations, warnings = [path], [], []
    for entry, project in _projects(settings, folder, path):
        if isinstance(project, ReefError):
            locations.append(_unreadable(entry, project, folder))
            continue
        location = _location(project, folder, environ, default_python)
        locations.append(
            replace(location, where=entry.where("path")) if entry is not project.table else location
        )
        files += [project.file, *location.env_files, *location.awaited_files]
        warnings += _other_name(project, location)
    check_names(locations)
    return Fleet(
        locations=tuple(locations),
        source=path,
        folder=folder,
        kind="dg",
        default_python=default_python,
        warnings=tuple(warnings),
        files=tuple(dict.fromkeys(files)),
    )


def _settings(path: str) -> TomlTable:
    table = read_toml(path)
    return table if os.path.basename(path) == "dg.toml" else table.table("tool").table("dg")


def _directory_type(settings: TomlTable) -> str:
    said = settings.string("directory_type")
    if said is None:
        return "workspace" if "workspace" in settings.data else "project"
    if said not in ("project", "workspace"):
        raise settings.error("directory_type", f'= "{said}", must be project or workspace')
    return said


def _projects(
    settings: TomlTable, folder: str, path: str
) -> Iterator[tuple[TomlTable, _Project | ReefError]]:
    """Each project with the table that names it; an error in its place where it cannot be read."""
    if _directory_type(settings) == "project":
        table = settings.table("project")
        table.required("root_module")
        yield table, _Project(folder, path, table)
        return
    for entry in settings.table("workspace").tables("projects"):
        entry.required("path")
        try:
            yield entry, _project_at(entry, folder)
        except ReefError as error:
            yield entry, error


def _project_at(entry: TomlTable, workspace: str) -> _Project:
    folder = os.path.normpath(os.path.join(workspace, entry.required("path")))
    file = find_dg(folder)
    if file is None:
        raise entry.error(
            "path", f'= "{entry.string("path")}" has no dg.toml and no pyproject.toml with [tool.dg]'
        )
    settings = _settings(file)
    if _directory_type(settings) != "project":
        raise settings.error("directory_type", "must be project: a workspace cannot be in a workspace")
    table = settings.table("project")
    table.required("root_module")
    return _Project(folder, file, table)


def _unreadable(entry: TomlTable, error: ReefError, cwd: str) -> Location:
    name = os.path.basename(os.path.normpath(entry.required("path")))
    return Location(name=name, code=CodeTarget(), cwd=cwd, where=entry.where("path"), broken=str(error))


def _location(project: _Project, cwd: str, environ: Mapping[str, str], default_python: str) -> Location:
    env, faults = {}, []
    env_file = os.path.join(project.folder, ".env")
    has_env_file = os.path.isfile(env_file)
    try:
        env = read_env_file(env_file, environ) if has_env_file else {}
    except ReefError as error:
        faults.append(error)
    python = _python(project, env, faults)
    code = _code(project, faults)
    return Location(
        name=project.table.string("code_location_name") or os.path.basename(project.folder),
        code=code,
        python=python or default_python,
        python_explicit=python is not None,
        cwd=cwd,
        env=env,
        env_files=(env_file,) if has_env_file else (),
        awaited_files=() if has_env_file else (env_file,),
        where=project.table.where("root_module"),
        broken=str(faults[0]) if faults else None,
    )


def _python(project: _Project, env: Mapping[str, str], faults: list[ReefError]) -> str | None:
    """The project's own interpreter, None where it has none."""
    if named := env.get(_OWN_PYTHON):
        python = os.path.join(project.folder, named)
        if fault := fault_of(python):
            faults.append(
                project.table.error("root_module", f'({_OWN_PYTHON} = "{named}"): {python} {fault}')
            )
        return python
    python = os.path.join(project.folder, ".venv", "bin", "python")
    return None if fault_of(python) else python


def _code(project: _Project, faults: list[ReefError]) -> CodeTarget:
    root = project.table.required("root_module")
    source = os.path.join(project.folder, "src")
    base = source if os.path.isdir(source) else project.folder
    module = os.path.join(base, *root.split("."))
    if not os.path.exists(module) and not os.path.exists(module + ".py"):
        faults.append(project.table.error("root_module", f'= "{root}": there is no {module}'))
    directory = os.path.dirname(module)
    if project.table.data.get("autoload_defs"):
        defs = project.table.string("defs_module") or f"{root}.defs"
        return CodeTarget(autoload_defs_module_name=defs, working_directory=directory)
    target = project.table.string("code_location_target_module") or f"{root}.definitions"
    return CodeTarget(module_name=target, working_directory=directory)


def _other_name(project: _Project, spec: Location) -> list[str]:
    """`dagster dev` calls a project without code_location_name otherwise than `dg` does."""
    if project.table.string("code_location_name") or spec.code is None or spec.cwd != project.folder:
        return []
    return [
        f"{spec.where}: this location is called {spec.name!r}, as `dg dev` calls it; `dagster dev` calls it "
        f"{default_name(spec.code)!r}: set code_location_name to keep the name that your history has"
    ]
