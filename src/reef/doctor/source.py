"""What a file's own text says of its statements: where they stand, what they bind, and whether that is used while the
module is loaded or only when functions run."""

from __future__ import annotations

import ast
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from reef.doctor.findings import Needed
from reef.doctor.uses import Use, uses_of

SHOWN = 90
DEEPEST = 5
ONLY_MAKES = "it only makes"


@dataclass(frozen=True)
class Statement:
    """`line` is that of the first decorator where there is one. `names`: what it binds in its module."""

    node: ast.stmt
    line: int
    text: str
    in_function: bool = False
    in_try: bool = False

    @property
    def is_import(self) -> bool:
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def is_star(self) -> bool:
        return isinstance(self.node, ast.ImportFrom) and any(one.name == "*" for one in self.node.names)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(_bound(self.node))

    @property
    def module(self) -> str:
        """What an import names, dots of a relative one included."""
        if isinstance(self.node, ast.Import):
            return self.node.names[0].name
        if isinstance(self.node, ast.ImportFrom):
            return "." * self.node.level + (self.node.module or "")
        return ""


@dataclass
class SourceFile:
    """`tree` is None where it cannot be parsed."""

    path: str
    lines: tuple[str, ...] = ()
    tree: ast.Module | None = None
    statements: dict[int, Statement] = field(default_factory=dict)
    _uses: dict[str, list[Use]] | None = None

    def at(self, line: int) -> Statement | None:
        return self.statements.get(line)

    def needed(self, statement: Statement, star: tuple[str, ...] = ()) -> tuple[Needed, str]:
        """Whether what a statement binds is used while the module loads, and by what; "unknown" where nothing in this
        file uses it. `star`: the names that `import *` brings."""
        if self.tree is None:
            return "unknown", ""
        if statement.in_function:
            return "define", "inside a function that is called while loading"
        if self._uses is None:
            self._uses = uses_of(self.tree)
        names = star if statement.is_star else statement.names
        uses = [use for name in names for use in self._uses.get(name, ()) if use.line != statement.line]
        early = sorted((use for use in uses if use.why), key=lambda use: (use.weak, use.line))
        if early and all(self._only_for_later(use, 0) for use in early):
            return "run", f"{ONLY_MAKES} {early[0].into[0]}, line {early[0].line}, which only functions use"
        if early:
            return "define", f"{early[0].why}, line {early[0].line}"
        if uses:
            return "run", ""
        return (
            "unknown",
            "nothing in this file uses it: it may be there for its effects, or for others to import",
        )

    def _only_for_later(self, use: Use, depth: int) -> bool:
        """Whether all that comes of an early use is variables that only functions of this file use."""
        if not use.into or depth > DEEPEST or self._uses is None:
            return False
        for name in use.into:
            found = self._uses.get(name, [])
            if not found or not all(not one.why or self._only_for_later(one, depth + 1) for one in found):
                return False
        return True


def read_source(path: str) -> SourceFile:
    try:
        return source_of(path, _content(path))
    except (OSError, ValueError):
        return SourceFile(path)


def source_of(path: str, content: bytes) -> SourceFile:
    """A file with that content. Never raises: what is no Python has no statements."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return SourceFile(path)
    lines = tuple(content.decode("utf-8", "replace").splitlines())
    found = SourceFile(path, lines, tree)
    for node, in_function, in_try in _statements(tree, False, False):
        line = first_line(node)
        found.statements.setdefault(line, Statement(node, line, _text(node, lines), in_function, in_try))
    return found


def _content(path: str) -> bytes:
    """Of a file, or of one in a zip archive. Raises OSError, ValueError."""
    archive, inside, rest = path.partition(".zip/")
    if not inside:
        with open(path, "rb") as file:
            return file.read()
    try:
        with zipfile.ZipFile(f"{archive}.zip") as found:
            return found.read(rest)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ValueError(path) from error


def _statements(parent: ast.AST, in_function: bool, in_try: bool) -> Iterator[tuple[ast.stmt, bool, bool]]:
    """Outer ones first."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.stmt):
            yield node, in_function, in_try
        inner = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _statements(node, inner, in_try or isinstance(node, ast.Try))


def first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", None) or ()
    lines: list[int] = [node.lineno, *(one.lineno for one in decorators)]
    return min(lines)


def _text(node: ast.stmt, lines: tuple[str, ...]) -> str:
    """On one line, without the body of a compound statement."""
    body = getattr(node, "body", None)
    last = (body[0].lineno - 1 if body else node.end_lineno) or node.lineno
    start = first_line(node)
    text = " ".join(" ".join(lines[start - 1 : max(start, last)]).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _bound(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Import():
            yield from (one.asname or one.name.partition(".")[0] for one in node.names)
        case ast.ImportFrom():
            yield from (one.asname or one.name for one in node.names if one.name != "*")
        case ast.Assign():
            for target in node.targets:
                yield from (each.id for each in ast.walk(target) if isinstance(each, ast.Name))
        case ast.AnnAssign() | ast.AugAssign() if isinstance(node.target, ast.Name):
            yield node.target.id
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.With():
            for item in node.items:
                if isinstance(item.optional_vars, ast.Name):
                    yield item.optional_vars.id
