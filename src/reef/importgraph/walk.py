"""Everything that an entry imports, and through what."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reef.importgraph.lookup import Found, Lookup
from reef.importgraph.model import Unclear
from reef.importgraph.statements import Import, Statements, Whole
from reef.importgraph.tree import Tree

_COMPONENT_FILES = ("defs.yaml", "component.yaml")
_TYPE = re.compile(rb"^[ \t-]*(?:type|component)[ \t]*:[ \t]*['\"]?([A-Za-z_][\w.]*\.\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Reached:
    """`via`: file -> the file and line that import it, None for an entry; first-party files only."""

    via: Mapping[str, tuple[str, int] | None]
    unclear: tuple[Unclear, ...]
    packages: frozenset[str] = frozenset()  # top-level names that are imported, whoever's they are


@dataclass
class _Walk:
    tree: Tree
    lookup: Lookup
    via: dict[str, tuple[str, int] | None] = field(default_factory=dict)
    unclear: dict[Unclear, None] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)
    waiting: deque[tuple[str, str, Lookup]] = field(default_factory=deque)

    def run(self) -> Reached:
        while self.waiting:
            name, file, lookup = self.waiting.popleft()
            if file.endswith(".py"):
                self._module(name, file, lookup)
        return Reached(self.via, tuple(self.unclear), frozenset(self.packages))

    def reach(self, name: str, file: str, via: tuple[str, int] | None, lookup: Lookup) -> None:
        if (name, file) not in self.seen:
            self.seen.add((name, file))
            self.via.setdefault(file, via)
            self.waiting.append((name, file, lookup))

    def _module(self, name: str, file: str, lookup: Lookup) -> None:
        said = self.tree.statements(file)
        if isinstance(said, str):
            self.doubt(file, None, f"cannot be parsed ({said})")
            return
        for doubt in said.doubts:
            self.doubt(file, doubt.line, doubt.text)
        for each in said.imports:
            self._import(each, name, file, lookup)
        for whole in said.wholes:
            self._whole(whole, name, file, lookup)

    def doubt(self, file: str, line: int | None, text: str) -> None:
        self.unclear[Unclear(file, line, text)] = None

    def _import(self, each: Import, name: str, file: str, lookup: Lookup) -> None:
        base = _resolved(each.module, each.level, name, file)
        if base is None:
            self.doubt(file, each.line, "imports relatively from beyond its top-level package")
            return
        if each.level and not name:
            lookup = Lookup(self.tree, (_above(file, each.level),))
        found = self.take(base, (file, each.line), lookup) if base else Found((), lookup.folders)
        names = (*each.names, *self._starred(found, file, each)) if each.star else each.names
        for one in names:
            if found.folders:
                self.take(f"{base}.{one}" if base else one, (file, each.line), lookup)

    def _starred(self, found: Found, file: str, each: Import) -> tuple[str, ...]:
        exported: list[str] = []
        for module in found.files:
            said = self.tree.statements(module) if module.endswith(".py") else Statements()
            if isinstance(said, Statements):
                exported += said.exports
                if said.exports_computed and found.folders:
                    self.doubt(file, each.line, f"imports * from {each.module}, whose __all__ is computed")
        return tuple(exported)

    def take(self, name: str, via: tuple[str, int] | None, lookup: Lookup) -> Found:
        """The module and, first, the packages that it is in."""
        parts = name.split(".")
        self.packages.add(parts[0])
        found = Found()
        for end in range(1, len(parts) + 1):
            prefix = ".".join(parts[:end])
            found = lookup.find(prefix)
            if found.nothing:
                break
            for file in found.files:
                self.reach(prefix, file, via, lookup)
        return found

    def _whole(self, whole: Whole, name: str, file: str, lookup: Lookup) -> None:
        package = whole.package or name.partition(".")[0]
        if whole.package.startswith("."):
            level = len(whole.package) - len(whole.package.lstrip("."))
            package = _resolved(whole.package[level:], level, name, file) or ""
            lookup = lookup if name else Lookup(self.tree, (_above(file, level),))
        if not package:
            self.doubt(file, whole.line, "loads every module of a package that cannot be told")
            return
        self.everything(package, (file, whole.line), lookup)

    def everything(self, package: str, via: tuple[str, int] | None, lookup: Lookup) -> None:
        """A package with every module below it, and what its component files name."""
        self.take(package, via, lookup)
        for below in lookup.below(package):
            self.take(below, via, lookup)
        for folder in lookup.find(package).folders:
            self._components(folder, via, lookup)

    def _components(self, folder: str, via: tuple[str, int] | None, lookup: Lookup) -> None:
        for entry in sorted(self.tree.entries(folder)):
            path = f"{folder}/{entry}"
            if entry in _COMPONENT_FILES:
                self._component_file(path, lookup)
            elif self.tree.is_folder(path) and not entry.startswith((".", "__")):
                self._components(path, via, lookup)

    def _component_file(self, path: str, lookup: Lookup) -> None:
        try:
            text = self.tree.content(path)
        except OSError:
            return
        for match in _TYPE.finditer(text):
            line = text.count(b"\n", 0, match.start(1)) + 1
            self.take(match[1].decode(), (path, line), lookup)


def _resolved(module: str, level: int, name: str, file: str) -> str | None:
    """The absolute name of what is imported; of a file that is no module, relative to its folder."""
    if not level or not name:
        return module
    parts = name.split(".")
    up = level - 1 if os.path.basename(file) == "__init__.py" else level
    if up >= len(parts):
        return None
    return ".".join([*parts[: len(parts) - up], *([module] if module else [])])


def _above(file: str, level: int) -> str:
    folder = os.path.dirname(file)
    for _ in range(level - 1):
        folder = os.path.dirname(folder)
    return folder


def reached_from(
    tree: Tree,
    folders: Iterable[str],
    *,
    file: str | None = None,
    module: str | None = None,
    whole: str | None = None,
) -> Reached:
    """What is imported from an entry: a file, a module (or package), or a package with all its modules."""
    lookup = Lookup(tree, tuple(dict.fromkeys(folders)))
    walk = _Walk(tree, lookup)
    if file is not None:
        walk.reach("", file, None, lookup)
    if module is not None and walk.take(module, None, lookup).nothing:
        walk.doubt(module, None, "is in none of the location's own folders")
    if whole is not None:
        walk.everything(whole, None, lookup)
        if lookup.find(whole).nothing:
            walk.doubt(whole, None, "is in none of the location's own folders")
    return walk.run()
