"""The names that an import brings."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from reef.doctor.fixing.syntax import dotted
from reef.doctor.fixing.walk_names import bound_name


@dataclass(frozen=True)
class Alias:
    """One name of an import. `module`: what it names, dots first where it is relative: `.heavy.parse`.
    `text`: as it is written after `import`. `position` in its statement."""

    name: str
    module: str
    text: str
    position: int
    same_name: bool = False  # `import x as x`: typing's way to say that it is meant for others


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
