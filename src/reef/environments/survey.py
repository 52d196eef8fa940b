"""From an interpreter's own words and what lies on the disk to an `Environment`. Blocks: see `worker`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reef.environments import tree
from reef.environments.ask import Facts
from reef.environments.filehash import FileHashes
from reef.environments.model import UNOWNED, Distribution, Environment, EnvironmentProblem
from reef.environments.startup import Startup, startup
from reef.environments.watch import installed_files, marks

Map = Callable[..., Iterable[str]]
_NOT_THE_LIBRARY = frozenset(
    ("site-packages", "dist-packages", "test", "tests", "idlelib", "turtledemo", "ensurepip", "lib2to3")
)


class Survey:
    """Surveys one environment after the other, sharing digests of files and of Python builds."""

    def __init__(self, hashes: FileHashes, map_: Map = map) -> None:
        self._hashes = hashes
        self._map = map_
        self._builds: dict[tuple[str, str], str] = {}

    def environment(self, python: str, facts: Facts) -> Environment | EnvironmentProblem:
        site_dirs = [folder for folder in dict.fromkeys(facts["site_dirs"]) if os.path.isdir(folder)]
        seen = _marks(python, facts, site_dirs)  # before reading: what changes meanwhile shows as changed
        distributions: dict[str, Distribution] = {}
        owners = [self._folder(folder, distributions) for folder in site_dirs]
        self._others(_outside(facts), distributions)
        if "dagster" not in distributions:
            return _without_dagster(python, facts)
        start = startup(site_dirs, _outside(facts), facts["customize_files"])
        build, customize = self._build(facts), self._customize(facts)
        return Environment(
            python=python,
            real_python=os.path.realpath(facts["base_executable"]),
            version=tuple(facts["version"]),
            implementation=facts["implementation"],
            cache_tag=facts["cache_tag"],
            abi_flags=facts["abi_flags"],
            free_threaded=facts["free_threaded"],
            prefix=facts["prefix"],
            exec_prefix=facts["exec_prefix"],
            base_prefix=facts["base_prefix"],
            base_exec_prefix=facts["base_exec_prefix"],
            sys_path=tuple(facts["sys_path"]),
            site_dirs=tuple(facts["site_dirs"]),
            stdlib_dirs=tuple(_stdlib_dirs(facts)),
            package_dirs=tuple(site_dirs),
            owners=tuple(owners),
            distributions=dict(sorted(distributions.items())),
            working_copies=start.working_copies,
            pth_files=start.pth_files,
            pth_imports=start.pth_imports,
            pth_variables=start.variables,
            finders=tuple(facts["finders"]),
            customize=customize,
            build=build,
            fingerprint=_fingerprint(build, customize, distributions, start),
            marks=seen,
        )

    def _folder(self, folder: str, distributions: dict[str, Distribution]) -> Mapping[str, str]:
        found = list(tree.metadata(folder))
        files = tree.walk(folder) + _elsewhere(folder, found)
        claimed = tree.claims(found, files)
        self._hashes.add(((f"{folder}/{path}", stat) for path, stat in files if tree.counts(path)), self._map)
        digests = self._digests(files, claimed)
        for entry in found:
            distributions.setdefault(entry.name, _distribution(entry, digests))
        if UNOWNED in digests:
            here = Distribution(UNOWNED, "", folder, digests[UNOWNED], "unowned")
            distributions.setdefault(UNOWNED, here)
        return tree.owners({path: names for path, names in claimed.items() if not path.startswith("..")})

    def _digests(self, files: list[tree.File], claimed: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        totals: dict[str, Any] = {}
        for path, stat in files:
            if not tree.counts(path):
                continue
            line = f"{path}\0{self._hashes[stat]}\n".encode()
            for name in claimed[path]:
                totals.setdefault(name, hashlib.blake2b(digest_size=16)).update(line)
        return {name: total.hexdigest() for name, total in totals.items()}

    def _others(self, folders: list[str], into: dict[str, Distribution]) -> None:
        """Distributions whose metadata lies on a folder that a `.pth` file added: working copies."""
        for folder in folders:
            for entry in tree.metadata(folder):
                found = Distribution(entry.name, entry.version, folder, "", "editable", folder)
                into.setdefault(entry.name, found)

    def _build(self, facts: Facts) -> str:
        key = (os.path.realpath(facts["base_executable"]), facts["stdlib"])
        if key not in self._builds:
            self._builds[key] = self._build_digest(*key, facts)
        return self._builds[key]

    def _build_digest(self, executable: str, stdlib: str, facts: Facts) -> str:
        files = [
            (f"{stdlib}/{path}", f"lib/{path}", stat) for path, stat in tree.walk(stdlib, _NOT_THE_LIBRARY)
        ]
        files += [(path, os.path.basename(path), os.stat(path)) for path in (executable, *_libpython(facts))]
        files = [file for file in files if not _varies(file[1])]
        self._hashes.add(((path, stat) for path, _, stat in files), self._map)
        total = hashlib.blake2b(digest_size=16)
        total.update(
            repr([facts[k] for k in ("implementation", "version", "abi_flags", "platform")]).encode()
        )
        for _, name, stat in files:
            total.update(f"{name}\0{self._hashes[stat]}\n".encode())
        return total.hexdigest()

    def _customize(self, facts: Facts) -> str:
        found = [(path, os.stat(path)) for path in facts["customize_files"] if os.path.isfile(path)]
        self._hashes.add(found, self._map)
        return " ".join(self._hashes[stat] for _, stat in found)


def _fingerprint(
    build: str, customize: str, distributions: Mapping[str, Distribution], start: Startup
) -> str:
    has = (f"{d.name}={d.version} {d.origin} {d.digest}" for _, d in sorted(distributions.items()))
    parts = [build, customize, *start.pth_imports, *has]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _distribution(entry: tree.Metadata, digests: Mapping[str, str]) -> Distribution:
    digest = digests.get(entry.name, "")
    return Distribution(entry.name, entry.version, entry.folder, digest, entry.origin, entry.source)


def _elsewhere(folder: str, found: list[tree.Metadata]) -> list[tree.File]:
    """Files that a RECORD puts outside its folder, such as `../../../share/x.json`."""
    paths = sorted({path for entry in found for path in entry.files if path.startswith("..")})
    files = []
    for path in paths:
        if tree.counts(path) and os.path.isfile(f"{folder}/{path}"):
            files.append((path, os.stat(f"{folder}/{path}")))
    return files


def _outside(facts: Facts) -> list[str]:
    """Folders on sys.path that are neither the interpreter's own nor site folders: `.pth` put them there."""
    own = {*facts["site_dirs"], *_stdlib_dirs(facts)}
    return [folder for folder in facts["sys_path"] if folder not in own and os.path.isdir(folder)]


def _stdlib_dirs(facts: Facts) -> list[str]:
    prefixes = (facts["base_prefix"], facts["base_exec_prefix"])
    tails = ("lib-dynload", os.path.basename(facts["stdlib"]))
    found = [p for p in facts["sys_path"] if p.startswith(prefixes) and os.path.basename(p) in tails]
    return list(dict.fromkeys((facts["stdlib"], *found)))


def _libpython(facts: Facts) -> list[str]:
    folder = f"{facts['base_exec_prefix']}/lib"
    version = ".".join(map(str, facts["version"][:2]))
    try:
        names = sorted(n for n in os.listdir(folder) if n.startswith(f"libpython{version}") and ".so" in n)
    except OSError:
        return []
    return [f"{folder}/{name}" for name in names]


def _varies(path: str) -> bool:
    """Build notes that hold the folder it was built in, not what it does."""
    return path.endswith(".pyc") or "/config-" in path or "_sysconfigdata" in path


def _marks(python: str, facts: Facts, site_dirs: list[str]) -> bytes:
    files = [path for folder in site_dirs for path in installed_files(folder)]
    files += [*site_dirs, *facts["customize_files"]]
    return marks(python, _stdlib_dirs(facts), facts["prefix"], files)


def _without_dagster(python: str, facts: Facts) -> EnvironmentProblem:
    version = ".".join(map(str, facts["version"]))
    return EnvironmentProblem(
        python,
        f"{python} (Python {version}) has no Dagster",
        f"install it there: uv pip install --python {python} dagster",
    )
