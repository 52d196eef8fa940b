"""Finds the import statement of a line, and says what it brings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import libcst as cst

from reef.doctor.fixing.model import Around, Refused
from reef.doctor.fixing.survey import guard_of
from reef.doctor.fixing.syntax import dotted
from reef.doctor.fixing.walk_names import bound_name

Lines = Mapping[cst.CSTNode, tuple[int, int]]


@dataclass(frozen=True)
class Alias:
    """One name of an import. `module`: what it names, dots first where it is relative: `.heavy.parse`.
    `text`: as it is written after `import`. `position` in its statement."""

    name: str
    module: str
    text: str
    position: int
    same_name: bool = False  # `import x as x`: typing's way to say that it is meant for others


@dataclass(frozen=True)
class Unit:
    """What may move: one import, or a whole `try` of imports. `base`: `..package` of a `from` import.
    `index` and `small` say where in the module's body. `wanted`: the aliases that were asked for."""

    node: cst.Import | cst.ImportFrom | cst.Try
    line: int
    index: int
    small: int
    aliases: tuple[Alias, ...]
    wanted: tuple[Alias, ...]
    base: str | None = None
    star: bool = False


def find(
    module: cst.Module, lines: Lines, line: int, modules: Collection[str], around: Around
) -> Unit | Refused:
    for index, statement in enumerate(module.body):
        first, last = lines[statement]
        if first <= line <= last:
            if isinstance(statement, cst.SimpleStatementLine):
                return _simple(statement, index, first, modules, around)
            if isinstance(statement, cst.Try):
                return _whole_try(statement, index, first, line)
            return Refused(_why_inside(statement), line)
    return Refused("no statement stands on this line", line)


def _simple(
    statement: cst.SimpleStatementLine, index: int, line: int, modules: Collection[str], around: Around
) -> Unit | Refused:
    units = [
        unit
        for small, node in enumerate(statement.body)
        if isinstance(node, (cst.Import, cst.ImportFrom))
        for unit in (_unit(node, index, small, line, modules, around),)
    ]
    if not units:
        return Refused("no import statement stands on this line", line)
    named = [unit for unit in units if isinstance(unit, Unit) and unit.wanted]
    chosen = named[0] if named else units[0]
    if isinstance(chosen, Unit) and not chosen.wanted:
        chosen = Unit(**{**chosen.__dict__, "wanted": chosen.aliases})
    return chosen


def _unit(
    node: cst.Import | cst.ImportFrom,
    index: int,
    small: int,
    line: int,
    modules: Collection[str],
    around: Around,
) -> Unit | Refused:
    base = base_of(node) if isinstance(node, cst.ImportFrom) else None
    if base == "__future__":
        return Refused("an import from __future__ tells the compiler something; it has to stay first", line)
    star = isinstance(node, cst.ImportFrom) and isinstance(node.names, cst.ImportStar)
    if star:
        assert base is not None
        if base not in around.star_names:
            return Refused("a star import: which names it brings is known only when it runs", line)
        aliases = tuple(Alias(name, f"{base}.{name}", name, -1) for name in around.star_names[base])
    else:
        aliases = aliases_of(node)
    wanted = tuple(alias for alias in aliases if _is_asked(alias.module, base, modules))
    return Unit(node, line, index, small, aliases, aliases if star else wanted, base, star)


def base_of(node: cst.ImportFrom) -> str:
    return "." * len(node.relative) + dotted(node.module)


def aliases_of(node: cst.Import | cst.ImportFrom) -> tuple[Alias, ...]:
    if isinstance(node.names, cst.ImportStar):
        return ()
    of = isinstance(node, cst.ImportFrom)
    base = base_of(node) if isinstance(node, cst.ImportFrom) else ""
    found = []
    for position, alias in enumerate(node.names):
        whole, name = dotted(alias.name), bound_name(alias, of=of)
        joint = "." if base and not base.endswith(".") else ""
        text = f"{whole} as {name}" if alias.asname is not None else whole
        same = alias.asname is not None and name == whole
        found.append(Alias(name, f"{base}{joint}{whole}", text, position, same))
    return tuple(found)


def _is_asked(module: str, base: str | None, modules: Collection[str]) -> bool:
    """Whether one of `modules` (absolute names) is what this alias names, brings on the way, or lies below."""
    own = module.lstrip(".")
    for asked in modules:
        if asked == base or own == asked or own.startswith(f"{asked}.") or asked.startswith(f"{own}."):
            return True
        if module.startswith(".") and own and f".{asked}.".endswith(f".{own}."):
            return True
    return not modules


def _why_inside(statement: cst.CSTNode) -> str:
    if isinstance(statement, cst.If):
        if guard_of(statement) == "typing":
            return "it is for type checkers alone and costs nothing while loading"
        return "it stands inside an `if`: whether it runs is decided while loading"
    if isinstance(statement, cst.FunctionDef):
        return f"it stands inside function {statement.name.value} already"
    if isinstance(statement, cst.ClassDef):
        return f"it makes an attribute of class {statement.name.value}"
    what = type(statement).__name__.lower()
    return f"it stands inside a `{what}`, which runs while loading"


def _whole_try(node: cst.Try, index: int, line: int, asked: int) -> Unit | Refused:
    """A `try` that only imports, with a way out where that fails, moves as one."""
    if node.finalbody is not None:
        return Refused("it stands inside a `try` with a `finally`", asked)
    if not all(_is_import_error(handler.type) for handler in node.handlers):
        return Refused("it stands inside a `try` that catches more than ImportError", asked)
    smalls = list(_smalls(node.body))
    smalls += _smalls(node.orelse.body) if node.orelse is not None else ()
    if not any(isinstance(small, (cst.Import, cst.ImportFrom)) for small in smalls):
        return Refused("no import statement stands on this line", asked)
    smalls += [small for handler in node.handlers for small in _smalls(handler.body)]
    names: dict[str, Alias] = {}
    for small in smalls:
        found = _names_of(small)
        if found is None:
            return Refused("it stands inside a `try` that does more than import", asked)
        names |= {alias.name: alias for alias in found}
    every = tuple(names.values())
    return Unit(node, line, index, -1, every, every)


def _is_import_error(node: cst.BaseExpression | None) -> bool:
    kinds = [element.value for element in node.elements] if isinstance(node, cst.Tuple) else [node]
    return all(dotted(kind) in ("ImportError", "ModuleNotFoundError") for kind in kinds)


def _smalls(body: cst.BaseSuite) -> Iterator[cst.CSTNode]:
    for one in body.body:
        if isinstance(one, cst.SimpleStatementLine):
            yield from one.body
        else:
            yield one


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
