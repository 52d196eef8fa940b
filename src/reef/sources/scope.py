"""What belongs to a location's source: its own folder, and what its load was seen to read besides."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence

from reef.environments.model import Environment
from reef.environments.startup import top_level_names
from reef.fleet.model import CodeTarget, Location
from reef.hosting.contract import LoadReport
from reef.sources.ignored import ignored_file, ignored_folder
from reef.sources.record import SourceScope

_SYSTEM = ("/proc/", "/sys/", "/dev/", "/run/", "/usr/", "/lib", "/bin/", "/etc/ssl/", "/etc/ld.so")
_SYSTEM_FILES = frozenset(
    f"/etc/{name}"
    for name in (
        *("resolv.conf", "hosts", "host.conf", "nsswitch.conf", "gai.conf", "passwd", "group", "localtime"),
        *("timezone", "mime.types", "os-release", "machine-id", "hostname", "services", "protocols"),
    )
)
# What Dagster and `dg` read of a project, looked for from its code upwards.
PROJECT_FILES = frozenset({"pyproject.toml", "dg.toml", "setup.cfg", "setup.py"})
_GUEST = os.path.join(os.path.dirname(os.path.dirname(__file__)), "guest")


def scope_of(
    spec: Location,
    report: LoadReport | None = None,
    environment: Environment | None = None,
    ignore: Sequence[str] = (),
) -> SourceScope:
    """The scope of a location, wider once a `report` of its load is there. Looks at the disk: blocks for some
    milliseconds. Nothing in the folders `ignore` (Reef's state, DAGSTER_HOME) counts, nor what belongs to the
    interpreter or to installed distributions: that is the environment's."""
    root = source_root(spec)
    copies = _working_copies(environment, report)
    roots = _outermost([folder for folder in (root, *copies) if folder and not too_wide(folder)])
    settings = [*_env_files(spec), *_target_file(spec)]
    if report is None:
        return SourceScope(roots, tuple(settings))
    skip = tuple(f"{folder}/" for folder in (*ignore, _GUEST))
    read = [file for file in (*report.modules.values(), *report.files_read) if file]
    files = sorted({path for path in read if _counts(path, environment, skip) and os.path.exists(path)})
    return SourceScope(
        roots, tuple(dict.fromkeys((*settings, *files))), tuple(_listed(spec, report, environment, skip))
    )


def source_root(spec: Location) -> str | None:
    """The narrowest folder that is the location's own; None where all its code is installed (or elsewhere)."""
    code = spec.code
    if code is None:
        return None
    if code.python_file:
        return os.path.dirname(os.path.abspath(code.python_file))
    module = module_of(code)
    if not module:
        folder = code.working_directory or spec.cwd
        return os.path.abspath(folder) if folder else None
    return _module_root(module, import_folders(spec))


def project_of(root: str | None) -> str | None:
    """The folder of the project that a source root lies in: the nearest one, from the root upwards, with a file that
    makes a project. None where there is none. Looks at the disk."""
    folder = root
    while folder and not too_wide(folder):
        if any(os.path.isfile(f"{folder}/{name}") for name in PROJECT_FILES):
            return folder
        folder = os.path.dirname(folder)
    return None


def module_of(code: CodeTarget) -> str | None:
    return code.module_name or code.package_name or code.autoload_defs_module_name


def import_folders(spec: Location) -> list[str]:
    """Where the location's own modules are looked for before its installed distributions, in order."""
    working = spec.code.working_directory if spec.code else None
    python_path = [part for part in spec.env.get("PYTHONPATH", "").split(os.pathsep) if part]
    found = [working, spec.cwd, *(os.path.join(spec.cwd, part) for part in python_path)]
    return list(dict.fromkeys(os.path.abspath(folder) for folder in found if folder))


def own_names(spec: Location) -> frozenset[str]:
    """The top-level modules that the location's own folders put before the installed ones. Blocks shortly."""
    return frozenset(name for folder in import_folders(spec) for name in top_level_names(folder))


def _module_root(module: str, folders: Iterable[str]) -> str | None:
    top = module.partition(".")[0]
    for folder in folders:
        if os.path.isdir(f"{folder}/{top}"):
            return f"{folder}/{top}"
        if os.path.isfile(f"{folder}/{top}.py"):
            return folder
    return None


def too_wide(folder: str) -> bool:
    """Folders that are nobody's project: taking them whole would mean hashing a machine."""
    wide = ("/", "/bin", "/etc", "/home", "/mnt", "/opt", "/root", "/srv", "/tmp", "/usr", "/var")
    return folder in (*wide, os.path.expanduser("~"), tempfile.gettempdir()) or not os.path.isdir(folder)


def _outermost(folders: Sequence[str]) -> tuple[str, ...]:
    """Without those that lie in another; the location's own stays first."""
    found = dict.fromkeys(folders)
    return tuple(f for f in found if not any(f.startswith(f"{other}/") for other in found))


def _working_copies(environment: Environment | None, report: LoadReport | None) -> list[str]:
    """Source of editable and local-path distributions that the location has loaded (all, where nobody knows)."""
    if environment is None:
        return []
    sources = [d.source for d in environment.distributions.values() if d.source]
    if report is None:
        return [folder for folder in sources if not _GUEST.startswith(f"{folder}/")]
    installed = tuple(f"{folder}/" for folder in (*environment.package_dirs, *environment.stdlib_dirs))
    apart = (
        _GUEST,
        *installed,
    )  # a working copy often has the environment itself inside: those are not its files
    files = [file for file in report.modules.values() if file and not file.startswith(apart)]
    return [folder for folder in sources if any(file.startswith(f"{folder}/") for file in files)]


def _env_files(spec: Location) -> list[str]:
    """As the kernel tells of them: `working_directory: .` is written `/project/.`."""
    folders = [spec.cwd, spec.code.working_directory if spec.code else None]
    files = [
        *(f"{folder}/.env" for folder in folders if folder),
        *spec.env_files,
        *spec.awaited_files,
    ]
    return list(dict.fromkeys(map(os.path.abspath, files)))


def _target_file(spec: Location) -> list[str]:
    file = spec.code.python_file if spec.code else None
    return [os.path.abspath(file)] if file else []


def _counts(path: str, environment: Environment | None, skip: tuple[str, ...]) -> bool:
    if path.startswith((*_SYSTEM, *skip)) or path in _SYSTEM_FILES:
        return False
    if ignored_file(os.path.basename(path)) or any(map(ignored_folder, path.split("/")[:-1])):
        return False
    return environment is None or not environment.own_file(path)


def _listed(
    spec: Location, report: LoadReport, environment: Environment | None, skip: tuple[str, ...]
) -> list[str]:
    """Folders that the location's code listed; not those that importing lists."""
    importing = {os.path.dirname(file) for file in report.modules.values() if file}
    importing |= {*import_folders(spec), *(environment.sys_path if environment else ())}
    found = {folder.rstrip("/") for folder in report.dirs_listed} - importing
    inside = [f for f in found if _counts(f"{f}/x", environment, skip) and not too_wide(f)]
    return sorted(inside)
