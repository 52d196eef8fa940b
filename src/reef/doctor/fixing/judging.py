"""Decides of one imported name whether it may move, and into which functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import libcst as cst

from reef.doctor.fixing import obstacles
from reef.doctor.fixing.aliases import Alias, aliases_of
from reef.doctor.fixing.annotations import quoted, why_evaluated
from reef.doctor.fixing.exports import Exports
from reef.doctor.fixing.finding import Lines, Unit
from reef.doctor.fixing.model import Around, Kept
from reef.doctor.fixing.occurrences import Annotated, Occurrence, Survey
from reef.doctor.fixing.offering import cannot_offer


@dataclass(frozen=True)
class Known:
    """All that is read of the module, once."""

    unit: Unit
    found: Survey
    lines: Lines
    exports: Exports
    running: Mapping[cst.FunctionDef, str]
    around: Around
    is_package: bool = False


@dataclass(frozen=True)
class Movable:
    """`hosts`: functions that get the import. `typing`: type checkers need it too. `quote`: annotations that
    become text. `offered`: others take the name from this module, which has to bring it when they ask."""

    alias: Alias
    hosts: frozenset[cst.FunctionDef]
    typing: bool = False
    quote: frozenset[cst.Annotation] = frozenset()
    offered: bool = False


def judge(alias: Alias, known: Known) -> Movable | Kept:
    refused = _of_name(alias, known) or _of_others(alias, known)
    if refused is not None:
        return refused
    uses = [use for use in known.found.of(alias.name) if not _is_of_other_import(use, alias, known)]
    offered = _offered(alias, known)
    if offered is not None and (why := cannot_offer(alias, known.unit, known.found)):
        return Kept(alias.name, f"{offered.reason}; {why}", offered.line)
    if not uses and offered is None:
        what = "this package offers it to others" if known.is_package else "others may want its side effects"
        return Kept(alias.name, f"{alias.name} is used nowhere in this file; {what}", known.unit.line)
    hosts: set[cst.FunctionDef] = set()
    quote: set[cst.Annotation] = set()
    typing = False
    for use in uses:
        reached = _of_use(use, alias, known)
        if isinstance(reached, str):
            return Kept(alias.name, reached, known.lines[use.node][0])
        if isinstance(reached, cst.FunctionDef):
            hosts.add(reached)
        else:
            typing = True
            quote |= {reached} if reached is not None else set()
    if typing and known.unit.whole:
        what = {cst.Try: "a `try`", cst.If: "an `if`", cst.With: "a `with`"}.get(
            type(known.unit.node), "a call"
        )
        return Kept(alias.name, f"annotations use {alias.name}, which {what} imports", known.unit.line)
    return Movable(alias, _outermost(hosts, known.found), typing, frozenset(quote), offered is not None)


def _outermost(hosts: set[cst.FunctionDef], found: Survey) -> frozenset[cst.FunctionDef]:
    """A function inside one that has the import already sees it there."""

    def inside_another(one: cst.FunctionDef) -> bool:
        spot = found.functions[one]
        return any(outer in hosts for outer in (*spot.outer, spot.host))

    return frozenset(one for one in hosts if not inside_another(one))


def _of_name(alias: Alias, known: Known) -> Kept | None:
    name = alias.name
    if name.startswith("__"):
        return Kept(name, f"{name} means something else inside a class", known.unit.line)
    for other in known.found.bindings:
        if other.name != name or _is_own(other.node, known.unit):
            continue
        if not _is_sibling(other.node, alias, known.unit):
            line = known.lines[other.node][0]
            return Kept(name, f"{name} is bound again, in line {line}", line)
    exports = known.exports
    if exports.computed is not None:
        line = known.lines[exports.computed][0]
        return Kept(name, "__all__ is computed: it may offer the name to others", line)
    refused = obstacles.of_texts(name, known.found, known.lines)
    return Kept(name, refused.reason, refused.line) if refused else None


def _is_own(node: cst.CSTNode, unit: Unit) -> bool:
    return node is unit.node or (unit.whole and _holds(unit.node, node))


def _holds(whole: cst.CSTNode, part: cst.CSTNode) -> bool:
    return whole is part or any(_holds(child, part) for child in whole.children)


def _is_sibling(node: cst.CSTNode, alias: Alias, unit: Unit) -> bool:
    """`import a.b` beside `import a.c`: both bind `a`, to the same module."""
    if not (isinstance(node, cst.Import) and isinstance(unit.node, cst.Import)):
        return False
    binders = [one for one in aliases_of(node) if one.name == alias.name]
    return all(one.module.partition(".")[0] == one.name for one in (alias, *binders))


def _is_of_other_import(use: Occurrence, alias: Alias, known: Known) -> bool:
    """Of `import a.b` and `import a.c`, a use of `a.c.d` is the second's."""
    own = alias.module
    if alias.text != own or "." not in own:
        return False
    siblings = {
        one.module
        for binding in known.found.bindings
        if binding.name == alias.name and isinstance(binding.node, cst.Import) and not binding.spot.guard
        for one in aliases_of(binding.node)
        if one.name == alias.name and "." in one.module
    }
    meant = [module for module in siblings if f"{use.text}.".startswith(f"{module}.")]
    return bool(meant) and max(meant, key=len) != own


def _of_others(alias: Alias, known: Known) -> Kept | None:
    name, around = alias.name, known.around
    if name in around.used_by:
        return Kept(name, f"{around.used_by[name]} takes {name} from this module", known.unit.line)
    listed = known.exports.listed
    if around.starred_by and (not name.startswith("_") if listed is None else name in listed):
        return Kept(name, f"{around.starred_by} imports * from this module", known.unit.line)
    beside = _submodule(known)
    if beside in around.asked_by:
        return Kept(name, f"{around.asked_by[beside]} takes {beside} from this package", known.unit.line)
    rider = next((way for module, way in around.riders.items() if _brings(alias, known.unit, module)), None)
    if rider is not None:
        return Kept(name, f"{rider} uses a submodule that only this import brings", known.unit.line)
    return None


def _offered(alias: Alias, known: Known) -> Kept | None:
    """Who takes the name from this module, or may."""
    name, listed, asked = alias.name, known.exports.listed, known.around.asked_by
    if alias.same_name:
        return Kept(name, f"`import {alias.text}` offers {name} to others", known.unit.line)
    if listed is not None and name in listed:
        return Kept(name, f"__all__ offers {name} to others", known.lines[listed[name]][0])
    if name in asked:
        return Kept(name, f"{asked[name]} takes {name} from this module", known.unit.line)
    return None


def _submodule(known: Known) -> str:
    """The submodule that `from .sub import x` makes an attribute of this package, "" for other imports."""
    base = known.unit.base or ""
    relative = known.is_package and base.startswith(".") and not base.startswith("..")
    return base[1:].partition(".")[0] if relative else ""


def _brings(alias: Alias, unit: Unit, module: str) -> bool:
    """Whether the import of this name loads the submodule `module`."""
    loaded = unit.base if unit.base is not None else alias.module
    return f"{loaded}.".startswith(f"{module}.")


def _of_use(use: Occurrence, alias: Alias, known: Known) -> str | cst.FunctionDef | cst.Annotation | None:
    """A function that needs the import, an annotation to quote, None for what only type checkers read; or
    why it stays."""
    spot = use.spot
    if spot.guard == "script" and spot.host is None:
        return f"the block that runs as a script uses {use.text}"
    if spot.guard == "typing":
        return None
    if spot.annotated is not None and (spot.written or spot.host is None):
        return _of_annotation(spot.annotated, spot.written, use, known)
    if spot.host is None and spot.in_lambda:
        return f"a lambda at module level uses {use.text}, and can hold no import"
    if spot.host is None:
        return f"{spot.role} uses {use.text} while loading"
    if spot.host in known.running:
        return f"{spot.host.name.value} uses {use.text} and runs while loading: {known.running[spot.host]}"
    return obstacles.of_host(spot.host, known.found, known.unit.needs) or spot.host


def _of_annotation(
    annotated: Annotated, written: bool, use: Occurrence, known: Known
) -> str | cst.Annotation | None:
    why = why_evaluated(annotated, known.found)
    if why is not None:
        return f"an annotation uses {use.text}: {why}"
    if written:
        return None
    if annotated.node is None or quoted(annotated.node) is None:
        return f"an annotation uses {use.text} while loading, and cannot be quoted"
    return annotated.node
