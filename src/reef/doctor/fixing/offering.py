"""A module that brings a name when others ask it for that name: `__getattr__` of PEP 562."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from reef.doctor.fixing.aliases import Alias
from reef.doctor.fixing.finding import Unit
from reef.doctor.fixing.obstacles import is_docstring
from reef.doctor.fixing.occurrences import Survey

_NAME = "__getattr__"
_NEW = """def __getattr__(name: str) -> object:
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
"""


def cannot_offer(alias: Alias, unit: Unit, found: Survey) -> str:
    """Why the module cannot bring this name when it is asked; "" where it can."""
    if unit.whole or unit.star:
        return "and it is brought by more than a plain import"
    if "." in alias.module and alias.text == alias.module:
        return f"and `import {alias.module}` binds a package that others may have besides"
    if unit.base is not None and unit.base.rpartition(".")[2] == alias.name:
        return "and it has the name of the module that it comes from"
    bound = [one for one in found.bindings if one.name == _NAME]
    if len(bound) > 1 or any(parameter_of(one.node) is None for one in bound):
        return f"and the module has a {_NAME} of its own"
    return ""


def parameter_of(function: cst.CSTNode) -> str | None:
    """Of a `__getattr__` that can be asked for one more name."""
    if not isinstance(function, cst.FunctionDef) or function.decorators or function.asynchronous:
        return None
    params = [*function.params.posonly_params, *function.params.params]
    return params[0].name.value if len(params) == 1 and isinstance(function.body, cst.IndentedBlock) else None


def add_offers(module: cst.Module, imports: Sequence[tuple[str, Sequence[cst.BaseStatement]]]) -> cst.Module:
    """`imports`: a name, and what brings it. It goes to the `__getattr__` that is there, else to one at the end."""
    body: list[Any] = list(module.body)
    at = next((index for index, one in enumerate(body) if _is_getattr(one)), None)
    if at is None:
        at = len(body)
        blank = cst.EmptyLine(indent=False)
        body.append(cst.parse_statement(_NEW).with_changes(leading_lines=[blank, blank]))
    function: cst.FunctionDef = body[at]
    parameter = parameter_of(function)
    assert parameter is not None
    asked = [_asked(parameter, name, brings) for name, brings in imports]
    inner = list(function.body.body)
    after = 1 if is_docstring(inner[0]) else 0  # type: ignore[arg-type]
    block = function.body.with_changes(body=[*inner[:after], *asked, *inner[after:]])
    body[at] = function.with_changes(body=block)
    return module.with_changes(body=body)


def _is_getattr(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.FunctionDef) and statement.name.value == _NAME


def _asked(parameter: str, name: str, brings: Sequence[cst.BaseStatement]) -> cst.BaseStatement:
    block: Any = cst.parse_statement(f"if {parameter} == {name!r}:\n    return {name}\n".replace("'", '"'))
    gives = block.body.body[0].with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    return cst.ensure_type(block, cst.If).with_changes(body=cst.IndentedBlock([*brings, gives]))
