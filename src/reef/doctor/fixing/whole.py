"""Statements of several lines that only import, and so may move as one: `try`, `if`, `with`; and a module that is
imported by its name."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from reef.doctor.fixing.aliases import Alias, aliases_of
from reef.doctor.fixing.steady import steady_names
from reef.doctor.fixing.survey import guard_of
from reef.doctor.fixing.syntax import dotted, text_of

_SUPPRESSING = ("contextlib.suppress", "suppress")
_WARNING = ("warnings.catch_warnings", "catch_warnings")
_BY_NAME = ("importlib.import_module", "import_module")
_FILTERS = ("warnings.simplefilter", "warnings.filterwarnings", "simplefilter", "filterwarnings")


@dataclass(frozen=True)
class Whole:
    """`names`: what it binds. `needs`: names that it uses itself, which must mean the same in a function."""

    names: tuple[Alias, ...] = ()
    needs: frozenset[str] = frozenset()


def is_by_name(statement: cst.SimpleStatementLine) -> bool:
    """`library = importlib.import_module("heavy")`, alone on its line."""
    return len(statement.body) == 1 and _by_name(statement.body[0]) is not None


def whole(module: cst.Module, statement: cst.CSTNode) -> Whole | str:
    """Of a statement of the module's body; or why it cannot move as one."""
    found = _Reading(module).of(statement)
    if isinstance(found, Whole) and not _imports(statement):
        return "no import statement stands on this line"
    return found


class _Reading:
    def __init__(self, module: cst.Module) -> None:
        self._module = module

    def of(self, statement: cst.CSTNode) -> Whole | str:
        if isinstance(statement, cst.SimpleStatementLine):
            return self._line(statement)
        if isinstance(statement, cst.Try):
            return self._try(statement)
        if isinstance(statement, cst.If):
            return self._if(statement)
        if isinstance(statement, cst.With):
            return self._with(statement)
        return _why_inside(statement)

    def _line(self, line: cst.SimpleStatementLine) -> Whole | str:
        names: list[Alias] = []
        needs: set[str] = set()
        for small in line.body:
            if (by_name := _by_name(small)) is not None:
                names.append(by_name[0])
                needs.add(by_name[1])
                continue
            found = _names_of(small)
            if found is None:
                return "does more than import"
            names += found
        return Whole(tuple(names), frozenset(needs))

    def _block(self, body: cst.BaseSuite, what: str) -> Whole | str:
        parts = []
        for one in body.body:
            line = one if isinstance(one, cst.BaseStatement) else cst.SimpleStatementLine([one])
            found = self.of(line)
            if isinstance(found, str):
                known = isinstance(line, cst.Try | cst.If | cst.With)
                return found if known else f"it stands inside {what} that does more than import"
            parts.append(found)
        return _joined(parts)

    def _try(self, node: cst.Try) -> Whole | str:
        if node.finalbody is not None:
            return "it stands inside a `try` with a `finally`"
        if not all(_is_import_error(handler.type) for handler in node.handlers):
            return "it stands inside a `try` that catches more than ImportError"
        bodies = [node.body, *([node.orelse.body] if node.orelse is not None else [])]
        blocks = [self._block(body, "a `try`") for body in (*bodies, *(one.body for one in node.handlers))]
        caught = frozenset(name for one in node.handlers for name in _kinds(one.type))
        return _all(blocks, caught)

    def _if(self, node: cst.If) -> Whole | str:
        if guard_of(node) == "typing":
            return "it is for type checkers alone and costs nothing while loading"
        needs = steady_names(node.test, self._module)
        if needs is None:
            return "it stands inside an `if`: its condition may be another when a function asks for it"
        blocks = [self._block(node.body, "an `if`")]
        if isinstance(node.orelse, cst.If):
            blocks.append(self._if(node.orelse))
        elif node.orelse is not None:
            blocks.append(self._block(node.orelse.body, "an `if`"))
        return _all(blocks, needs)

    def _with(self, node: cst.With) -> Whole | str:
        if len(node.items) != 1 or node.asynchronous is not None or node.items[0].asname is not None:
            return "it stands inside a `with`, which runs while loading"
        called = node.items[0].item
        name = dotted(called.func) if isinstance(called, cst.Call) else ""
        if name in _SUPPRESSING:
            assert isinstance(called, cst.Call)
            if not all(_is_import_error(one.value) and not one.star for one in called.args):
                return "it stands inside a `with` that suppresses more than ImportError"
            kinds = frozenset(kind for one in called.args for kind in _kinds(one.value))
            return _all([self._block(node.body, "a `with`")], kinds | {name.partition(".")[0]})
        if name in _WARNING:
            return self._quiet(node, name.partition(".")[0])
        return "it stands inside a `with`, which runs while loading"

    def _quiet(self, node: cst.With, needed: str) -> Whole | str:
        """`with warnings.catch_warnings():`, whose filters go with it."""
        statements = list(node.body.body)
        needs = {needed}
        while statements and (name := _filter(statements[0])):
            needs.add(name.partition(".")[0])
            del statements[0]
        if not statements:
            return "it stands inside a `with` that does more than import"
        return _all([self._block(node.body.with_changes(body=statements), "a `with`")], frozenset(needs))


def _filter(statement: cst.CSTNode) -> str:
    """What a line such as `warnings.simplefilter("ignore")` calls."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return ""
    small = statement.body[0]
    call = small.value if isinstance(small, cst.Expr) else None
    if not isinstance(call, cst.Call) or dotted(call.func) not in _FILTERS:
        return ""
    values = [dotted(one.value) for one in call.args if text_of(one.value) is None]
    return dotted(call.func) if all(_is_warning(value) for value in values) else ""


def _is_warning(name: str) -> bool:
    return name.endswith("Warning") and "." not in name and name[:1].isupper()


def _all(blocks: list[Whole | str], needs: frozenset[str]) -> Whole | str:
    parts = []
    for block in blocks:
        if isinstance(block, str):
            return block
        parts.append(block)
    return _joined([*parts, Whole(needs=needs)])


def _joined(parts: list[Whole]) -> Whole:
    names = {alias.name: alias for part in parts for alias in part.names}
    return Whole(tuple(names.values()), frozenset().union(*(part.needs for part in parts)))


def _why_inside(statement: cst.CSTNode) -> str:
    if isinstance(statement, cst.FunctionDef):
        return f"it stands inside function {statement.name.value} already"
    if isinstance(statement, cst.ClassDef):
        return f"it makes an attribute of class {statement.name.value}"
    what = type(statement).__name__.lower()
    return f"it stands inside a `{what}`, which runs while loading"


def _is_import_error(node: cst.BaseExpression | None) -> bool:
    return all(kind in ("ImportError", "ModuleNotFoundError") for kind in _kinds(node))


def _kinds(node: cst.BaseExpression | None) -> list[str]:
    kinds = [element.value for element in node.elements] if isinstance(node, cst.Tuple) else [node]
    return [dotted(kind) for kind in kinds]


def _imports(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Import | cst.ImportFrom) or _by_name(node) is not None:
        return True
    return any(map(_imports, node.children))


def _by_name(small: cst.CSTNode) -> tuple[Alias, str] | None:
    """What `name = importlib.import_module("heavy")` binds, and the name that it asks for the function."""
    if not isinstance(small, cst.Assign) or len(small.targets) != 1 or not isinstance(small.value, cst.Call):
        return None
    target, call = small.targets[0].target, small.value
    function = dotted(call.func)
    text = text_of(call.args[0].value) if len(call.args) == 1 and not call.args[0].star else None
    if function not in _BY_NAME or not isinstance(target, cst.Name) or not text or text.startswith("."):
        return None
    return Alias(target.value, text, target.value, -1), function.partition(".")[0]


def _names_of(small: cst.CSTNode) -> tuple[Alias, ...] | None:
    """What it binds; None for a statement that does anything else."""
    if isinstance(small, (cst.Import, cst.ImportFrom)):
        return None if isinstance(small.names, cst.ImportStar) else aliases_of(small)
    if isinstance(small, cst.Pass):
        return ()
    if isinstance(small, cst.Assign) and len(small.targets) == 1:
        target, value = small.targets[0].target, small.value
        constant = isinstance(value, (cst.SimpleString, cst.Integer)) or dotted(value) in (
            "None",
            "True",
            "False",
            "object",
        )
        if isinstance(target, cst.Name) and constant:
            return (Alias(target.value, target.value, target.value, -1),)
    return None
