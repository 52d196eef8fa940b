"""Who else takes names from a module: other first-party code and tests, read from their source."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from reef.doctor.fixing.facts import Fact, facts_in, unimported
from reef.doctor.fixing.model import Around, Taken
from reef.sources.listing import TooManyFiles, source_files

HELD_BYTES = 128 << 20


@dataclass
class Neighbours:
    """Reads every Python file below `roots` once, when it is first asked. Blocks."""

    roots: tuple[str, ...]
    _facts: dict[str, tuple[Fact, ...]] = field(default_factory=dict)
    _files: tuple[str, ...] | None = None
    _unimported: dict[str, dict[str, int]] = field(default_factory=dict)
    _contents: dict[str, bytes] = field(default_factory=dict)
    _held_bytes: int = 0

    def around(self, path: str) -> Around:
        """Raises TooManyFiles."""
        asked: dict[str, str] = {}
        used: dict[str, str] = {}
        patched: dict[str, str] = {}
        taken: dict[str, dict[Taken, None]] = {}
        starred: str | None = None
        stem = os.path.basename(_module_path(path))
        for file in self._all():
            if os.path.realpath(file) == path:
                continue
            for fact in self._read(file, stem):
                if not _means(fact.module, file, path):
                    continue
                where = f"{os.path.relpath(file, self._root_of(file))}:{fact.line}"
                if fact.name == "*":
                    starred = starred or where
                elif fact.how in ("call", "text") and _is_test(file):
                    patched.setdefault(fact.name, where)
                else:
                    asked.setdefault(fact.name, where)
                    if fact.later or _is_test(file):
                        continue
                    if fact.how in ("use", "call") or self._is_ambiguous(fact):
                        used.setdefault(fact.name, where)
                    elif fact.how == "import":
                        taken.setdefault(fact.name, {})[Taken(os.path.realpath(file), fact.module)] = None
        return Around(
            asked, starred, patched, used_by=used, taken_by={name: tuple(by) for name, by in taken.items()}
        )

    def _is_ambiguous(self, fact: Fact) -> bool:
        """Whether its absolute name may mean several modules, of which only one is known to be meant."""
        parts = fact.module.split(".")
        if fact.how != "import" or not parts[0]:
            return False
        alike = {
            _module_path(file)
            for file in self._all()
            if _module_path(file).split("/")[-len(parts) :] == parts
        }
        return len(alike) > 1

    def riders(self, modules: Iterable[str], path: str) -> dict[str, str]:
        """Of submodules (absolute names) those that code elsewhere uses and never imports: it lives on the
        import in the file at `path`."""
        found: dict[str, str] = {}
        wanted = {module for module in modules if "." in module}
        for file in self._all() if wanted else ():
            if os.path.realpath(file) == path:
                continue
            content = self._content(file)
            for module in wanted:
                if (
                    all(part.encode() in content for part in module.split("."))
                    and file not in self._unimported
                ):
                    self._unimported[file] = unimported(content)
                if line := self._unimported.get(file, {}).get(module):
                    found.setdefault(module, f"{os.path.relpath(file, self._root_of(file))}:{line}")
        return found

    def forget(self, path: str) -> None:
        """It was changed."""
        self._facts.pop(path, None)
        self._unimported.pop(path, None)
        self._held_bytes -= len(self._contents.pop(path, b""))

    def _content(self, file: str) -> bytes:
        """Each cause asks for all files: what fits is kept."""
        if file in self._contents:
            return self._contents[file]
        content = _content(file)
        if self._held_bytes + len(content) <= HELD_BYTES:
            self._contents[file] = content
            self._held_bytes += len(content)
        return content

    def _root_of(self, file: str) -> str:
        return next((root for root in self.roots if file.startswith(f"{root}/")), "/")

    def _all(self) -> tuple[str, ...]:
        if self._files is None:
            listed = ((root, source_files(root).files) for root in self.roots)
            self._files = tuple(
                f"{root}/{name}" for root, names in listed for name in names if name[-3:] == ".py"
            )
        return self._files

    def _read(self, file: str, stem: str) -> tuple[Fact, ...]:
        """Nothing of a file that never says the module's name."""
        if file not in self._facts:
            content = self._content(file)
            if stem.encode() not in content and b"import *" not in content and b"from ." not in content:
                return ()
            self._facts[file] = tuple(facts_in(content))
        return self._facts[file]


def _content(file: str) -> bytes:
    try:
        with open(file, "rb") as opened:
            return opened.read()
    except OSError:
        return b""


def _means(module: str, file: str, path: str) -> bool:
    """Whether `module`, as `file` names it, may be the one at `path`. Where folders are put on the path is
    not known, so an absolute name means every module that ends with it."""
    target = _module_path(path)
    name = module.lstrip(".")
    level = len(module) - len(name)
    parts = name.split(".") if name else []
    if not level:
        return bool(parts) and target.split("/")[-len(parts) :] == parts
    folder = os.path.dirname(file)
    for _ in range(level - 1):
        folder = os.path.dirname(folder)
    return os.path.realpath("/".join([folder, *parts])) == target


def _module_path(path: str) -> str:
    return os.path.dirname(path) if os.path.basename(path) == "__init__.py" else path.removesuffix(".py")


def _is_test(file: str) -> bool:
    name = os.path.basename(file)
    folders = file.split("/")[:-1]
    return (
        name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py" or "tests" in folders
    )


def neighbours_of(roots: Iterable[str]) -> Neighbours:
    """`roots`: folders of first-party code, real paths."""
    found = sorted(set(roots))
    outer = [one for one in found if not any(one.startswith(f"{other}/") for other in found)]
    return Neighbours(tuple(outer))


__all__ = ["Neighbours", "TooManyFiles", "neighbours_of"]
