"""What the zygote of a container preloads. All of its locations have one image, so the files of a module are the same
for each of them (invariant 3), and need not be compared: what may differ is what a location adds to the environment,
and what lies in its own folders. Pure."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence

from reef.hosting import exec_only
from reef.hosting.contract import LoadReport
from reef.hosting.plan import WarmedModule, ZygotePlan
from reef.peers.messages import PackLocation

_INSTALLED = re.compile(r"/(site|dist)-packages/|/lib(64)?/python3\.\d+/")
_GUEST = "_reef_guest"
Group = tuple[PackLocation, ...]


def groups(locations: Sequence[PackLocation]) -> list[Group]:
    """Those that could share a process: of one interpreter, started with the same settings."""
    found: dict[str, list[PackLocation]] = {}
    for one in locations:
        found.setdefault(repr((one.python, sorted(exec_only.of(one.env).items()))), []).append(one)
    return [tuple(group) for group in found.values()]


def folders_of(location: PackLocation, cwd: str) -> tuple[str, ...]:
    """Where a location's own modules lie; relative ones are below its working directory."""
    base = location.working_directory or cwd
    args = location.grpc_args
    given = dict(itertools.pairwise(args))
    chosen = [given[name] for name in ("-d", "--working-directory") if name in given]
    files = [given[name] for name in ("-f", "--python-file") if name in given]
    found = [base, *chosen, *(file.rpartition("/")[0] or "." for file in files)]
    return tuple(dict.fromkeys(one if one.startswith("/") else f"{base}/{one}" for one in found))


def installed(modules: Iterable[WarmedModule]) -> tuple[WarmedModule, ...]:
    """Those that the image has installed. What else a location imports is its own."""
    return tuple(
        one for one in modules if _INSTALLED.search(one.file) and not one.name.startswith((_GUEST, "__m"))
    )


def reported(report: LoadReport) -> tuple[WarmedModule, ...]:
    return installed(
        WarmedModule(name, file, report.env_read.get(name, ()), report.needs.get(name, ()))
        for name, file in report.modules.items()
    )


def plan_of(
    group: Group,
    python: str,
    started: str,
    base: Sequence[WarmedModule],
    learned: Iterable[WarmedModule],
    own_names: frozenset[str],
) -> ZygotePlan:
    """`base` is what every server imports before its location's code, `learned` what locations were seen to import
    besides. `started` names the start of the container, `own_names` what lies in the locations' folders."""
    known: dict[str, WarmedModule] = {}
    for one in (*base, *learned):
        known.setdefault(one.name, one)
    differing = _differing(group)
    never = tuple(
        name
        for name, one in known.items()
        if name.partition(".")[0] in own_names or _reads(one.env_read, differing)
    )
    modules = tuple(name for name in known if name not in set(never))
    env = exec_only.of(dict(group[0].env))
    return ZygotePlan(
        key=_key(started, python, env, modules, never),
        python=python,
        env=env,
        modules=modules,
        locations=tuple(one.name for one in group),
        never=never,
        shared=tuple(one.name for one in base if one.name in set(modules)),
        fingerprint=started,
    )


def _differing(group: Group) -> frozenset[str]:
    """Variables that these locations do not all have alike."""
    names = {name for one in group for name in one.env}
    return frozenset(name for name in names if len({one.env.get(name) for one in group}) > 1)


def _reads(patterns: Iterable[str], names: frozenset[str]) -> bool:
    """`PREFIX*` are all variables that begin so."""
    for pattern in patterns:
        if pattern in names:
            return True
        if pattern.endswith("*") and any(name.startswith(pattern[:-1]) for name in names):
            return True
    return False


def _key(
    started: str, python: str, env: Mapping[str, str], modules: Sequence[str], never: Sequence[str]
) -> str:
    made_of = [started, python, sorted(env.items()), modules, never]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:24]
