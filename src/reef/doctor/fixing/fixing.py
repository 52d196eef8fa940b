"""`reef doctor --fix` of a fleet: puts the cure together and runs it. Blocks."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence

from reef.doctor.findings import Diagnosis
from reef.doctor.fixing.curing import Cure, Surroundings
from reef.doctor.fixing.files import Original
from reef.doctor.fixing.measuring import Bench, loader
from reef.doctor.fixing.neighbours import neighbours_of
from reef.doctor.fixing.outcome import Cured
from reef.doctor.fixing.syntax import require
from reef.doctor.loading import TIMEOUT_S, environ_of
from reef.fleet.model import Location
from reef.importgraph import Tree, footprint_of
from reef.sources import import_folders, scope_of
from reef.sources.scope import project_of, too_wide

STAR_TIMEOUT_S = 60.0
_STARS = """
import importlib, json, sys
module = importlib.import_module(sys.argv[1])
names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
print("\\n" + json.dumps(sorted(set(map(str, names)))))
"""


def fix(
    specs: Sequence[Location],
    diagnoses: Sequence[Diagnosis],
    environ: Mapping[str, str],
    folder: str,
    *,
    write: bool = True,
    tell: Callable[[str], None] = lambda _: None,
    timeout_s: float = TIMEOUT_S,
    jobs: int = 1,
) -> Cured:
    """`specs`: all locations that may share a file with those of `diagnoses`. `folder`: the fleet's. Without
    `write` nothing is loaded or changed. Raises ReefError where LibCST is missing."""
    require()
    loadable = {spec.name: spec for spec in specs if spec.code is not None and not spec.broken}
    roots = tuple(dict.fromkeys(root for spec in loadable.values() for root in roots_of(spec)))
    surroundings = Surroundings(
        roots,
        neighbours_of(roots),
        _Importers(loadable.values(), environ),
        _Stars(loadable, diagnoses, environ),
        os.path.realpath(folder),
    )
    bench = Bench(loader(environ, timeout_s), loadable) if write else None
    return Cure(surroundings, bench, tell, jobs).run(diagnoses)


def roots_of(spec: Location) -> list[str]:
    """The folders of a location's own code, and of the project that they are in, where its tests are."""
    found = [*scope_of(spec).roots, *import_folders(spec)]
    found += [project for root in found if (project := project_of(root))]
    return [os.path.realpath(root) for root in dict.fromkeys(found) if not too_wide(root)]


class _Importers:
    """Which locations import a file, read from their source once it is asked."""

    def __init__(self, specs: Iterable[Location], environ: Mapping[str, str]) -> None:
        self._specs, self._environ = list(specs), environ
        self._of: dict[str, list[str]] | None = None

    def __call__(self, file: str) -> list[str]:
        if self._of is None:
            self._of = {}
            tree = Tree()
            for spec in self._specs:
                for imported in footprint_of(spec, tree, "/", self._environ).via:
                    self._of.setdefault(os.path.realpath(imported), []).append(spec.name)
        return list(dict.fromkeys(self._of.get(file, ())))


class _Stars:
    """What `import *` brings, as the interpreter of a location that loads the file says."""

    def __init__(
        self, specs: Mapping[str, Location], diagnoses: Iterable[Diagnosis], environ: Mapping[str, str]
    ) -> None:
        self._environ, self._known = environ, dict[str, tuple[str, ...] | None]()
        self._spec_of = {
            os.path.realpath(finding.file): specs[diagnosis.location]
            for diagnosis in diagnoses
            for finding in diagnosis.findings
            if finding.file and diagnosis.location in specs
        }

    def __call__(self, original: Original, line: int) -> dict[str, tuple[str, ...]]:
        module = _starred(original.content, line)
        spec = self._spec_of.get(original.path)
        if not module or spec is None:
            return {}
        if module not in self._known:
            self._known[module] = self._ask(spec, module)
        names = self._known[module]
        return {module: names} if names is not None else {}

    def _ask(self, spec: Location, module: str) -> tuple[str, ...] | None:
        try:
            done = subprocess.run(
                [spec.python, "-c", _STARS, module],
                cwd=spec.cwd,
                env=environ_of(spec, self._environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=STAR_TIMEOUT_S,
            )
            return tuple(json.loads(done.stdout.splitlines()[-1])) if done.returncode == 0 else None
        except (OSError, ValueError, IndexError, subprocess.SubprocessError):
            return None


def _starred(content: bytes, line: int) -> str | None:
    """The absolute module of a star import that covers the line."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return None
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.lineno <= line <= (node.end_lineno or node.lineno):
            return node.module if node.names[0].name == "*" and not node.level else None
    return None
