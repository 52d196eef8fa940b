"""What a module offers to others by name: `__all__`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from reef.doctor.fixing.occurrences import Survey
from reef.doctor.fixing.syntax import dotted, text_of


@dataclass(frozen=True)
class Exports:
    """`listed`: name -> where; None where the module has no `__all__`. `computed`: where it is made in a way
    that cannot be read."""

    listed: dict[str, cst.CSTNode] | None
    computed: cst.CSTNode | None


def exports_of(module: cst.Module, found: Survey) -> Exports:
    listed: dict[str, cst.CSTNode] = {}
    read: set[cst.CSTNode] = set()
    for line in module.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            for place, value in _changes(small):
                names = _texts(value)
                if names is not None:
                    read.add(place)
                    listed |= dict.fromkeys(names, place)
    touched = [b.node for b in found.bindings if b.name == "__all__"]
    touched += [use.node for use in found.uses if use.name == "__all__"]
    unread = next((node for node in touched if node not in read), None)
    return Exports(listed if touched else None, unread)


def _changes(small: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.BaseExpression]]:
    """The name or call that says `__all__`, and what it is given."""
    if isinstance(small, cst.Assign):
        for target in small.targets:
            if dotted(target.target) == "__all__":
                yield target.target, small.value
    elif isinstance(small, (cst.AnnAssign, cst.AugAssign)):
        if small.value is not None and dotted(small.target) == "__all__":
            yield small.target, small.value
    elif isinstance(small, cst.Expr) and isinstance(small.value, cst.Call):
        call = small.value
        if dotted(call.func) in ("__all__.extend", "__all__.append") and len(call.args) == 1:
            yield call.func, call.args[0].value


def _texts(value: cst.BaseExpression) -> list[str] | None:
    if isinstance(value, (cst.List, cst.Tuple, cst.Set)):
        texts = [text_of(element.value) for element in value.elements]
        return None if None in texts else [text for text in texts if text is not None]
    text = text_of(value)
    return [text] if text is not None else None
