"""Finds the import statement of a line, and says what it brings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import libcst as cst

from reef.doctor.fixing.aliases import Alias, aliases_of, base_of
from reef.doctor.fixing.model import Around, Refused
from reef.doctor.fixing.whole import is_by_name, whole

Lines = Mapping[cst.CSTNode, tuple[int, int]]


@dataclass(frozen=True)
class Unit:
    """What may move: one import, or a whole statement such as a `try` of imports. `base`: `..package` of a `from`
    import. `index` and `small` say where in the module's body. `wanted`: the aliases that were asked for.
    `needs`: names that a whole statement uses itself."""

    node: cst.Import | cst.ImportFrom | cst.BaseStatement
    line: int
    index: int
    small: int
    aliases: tuple[Alias, ...]
    wanted: tuple[Alias, ...]
    base: str | None = None
    star: bool = False
    needs: frozenset[str] = frozenset()

    @property
    def whole(self) -> bool:
        return isinstance(self.node, cst.BaseStatement)


def find(
    module: cst.Module, lines: Lines, line: int, modules: Collection[str], around: Around
) -> Unit | Refused:
    for index, statement in enumerate(module.body):
        first, last = lines[statement]
        if first <= line <= last:
            if isinstance(statement, cst.SimpleStatementLine) and not is_by_name(statement):
                return _simple(statement, index, first, modules, around)
            found = whole(module, statement)
            if isinstance(found, str):
                return Refused(found, line)
            return Unit(statement, first, index, -1, found.names, found.names, needs=found.needs)
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


def _is_asked(module: str, base: str | None, modules: Collection[str]) -> bool:
    """Whether one of `modules` (absolute names) is what this alias names, brings on the way, or lies below."""
    own = module.lstrip(".")
    for asked in modules:
        if asked == base or own == asked or own.startswith(f"{asked}.") or asked.startswith(f"{own}."):
            return True
        if module.startswith(".") and own and f".{asked}.".endswith(f".{own}."):
            return True
    return not modules
