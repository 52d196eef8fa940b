"""Who else takes names from a module: other first-party code and tests, read from their source."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from reef.doctor.fixing.model import Around
from reef.importgraph.names import aliases_of, dotted, literal
from reef.sources.listing import TooManyFiles, source_files

HELD_BYTES = 128 << 20
_NAMED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+(:[A-Za-z_]\w*)?")


@dataclass(frozen=True)
class Fact:
    """`module` (dots first where relative) is asked for `name`, "*" for all; `text`: a string says so."""

    module: str
    name: str
    line: int
    text: bool = False


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
        patched: dict[str, str] = {}
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
                elif fact.text and _is_test(file):
                    patched.setdefault(fact.name, where)
                else:
                    asked.setdefault(fact.name, where)
        return Around(asked, starred, patched)

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


def _tree(content: bytes) -> ast.Module:
    """An empty one where it cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def unimported(content: bytes) -> dict[str, int]:
    """Dotted names with attributes that a file uses, without those that its own imports bring -> the line."""
    tree = _tree(content)
    imported = {name for whole in _imported(tree) for name in _prefixes(whole)}
    aliases = aliases_of(tree)
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (name := dotted(node, aliases)) and name not in imported:
            found.setdefault(name, node.lineno)
    return found


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _imported(tree: ast.Module) -> Iterator[str]:
    """Modules, and what may be one, that its imports name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield from (f"{node.module}.{one.name}" for one in node.names)


def modules_at(content: bytes, line: int) -> tuple[str, ...]:
    """The absolute modules that the import on this line loads, packages on the way included."""
    found: list[str] = []
    for node in ast.walk(_tree(content)):
        if isinstance(node, ast.Import | ast.ImportFrom) and node.lineno <= line <= (node.end_lineno or 0):
            if isinstance(node, ast.Import):
                found += [one.name for one in node.names]
            elif node.module and not node.level:
                found.append(node.module)
    return tuple(dict.fromkeys(prefix for name in found for prefix in _prefixes(name)))


def facts_in(content: bytes) -> Iterator[Fact]:
    """What it asks of other modules; nothing where it cannot be parsed."""
    tree = _tree(content)
    aliases = aliases_of(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from (Fact(base, one.name, node.lineno) for one in node.names)
        elif isinstance(node, ast.Attribute):
            module, _, name = dotted(node, aliases).rpartition(".")
            if module:
                yield Fact(module, name, node.lineno)
        elif isinstance(node, ast.Call):
            yield from _of_call(node, aliases)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _NAMED.fullmatch(node.value):
            yield from _of_text(node.value.replace(":", "."), node.lineno)


def _of_call(node: ast.Call, aliases: dict[str, str]) -> Iterator[Fact]:
    """`patch.object(mod, "np")`, `getattr(mod, "np")`."""
    text = literal(node.args[1]) if len(node.args) >= 2 else None
    module = dotted(node.args[0], aliases) if text else ""
    if text and module:
        yield Fact(module, text, node.lineno, text=True)


def _of_text(text: str, line: int) -> Iterator[Fact]:
    """`pkg.mod.np.linalg` may mean `np` of `pkg.mod`."""
    parts = text.split(".")
    for end in range(1, len(parts)):
        yield Fact(".".join(parts[:end]), parts[end], line, text=True)


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


__all__ = ["Neighbours", "TooManyFiles", "facts_in", "modules_at", "neighbours_of"]
