"""Writes a decided move into the syntax tree; what it does not name stays byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import libcst as cst

from reef.doctor.fixing import comments
from reef.doctor.fixing.annotations import quoted
from reef.doctor.fixing.finding import Unit
from reef.doctor.fixing.judging import Movable
from reef.doctor.fixing.obstacles import is_docstring, is_text
from reef.doctor.fixing.offering import add_offers
from reef.doctor.fixing.removing import without
from reef.doctor.fixing.typing_block import add_typing


def edited(module: cst.Module, unit: Unit, movable: Sequence[Movable], lazily: bool) -> cst.Module:
    """`lazily`: the module's annotations are not evaluated, so none needs quotes."""
    all_names = len(movable) == len(unit.aliases)
    comment = comments.of_statement(module.body[unit.index], unit, all_names)
    imports = _Imports(unit, movable, comment)
    inside = module.visit(imports)
    typing = [one for one in movable if one.typing or one.offered]
    body, footer = without(inside, unit, {one.alias.position for one in movable}, replaced=bool(typing))
    changed = inside.with_changes(body=body, footer=footer)
    if typing:
        changed = add_typing(changed, unit.index, written(unit, typing, comment), lazily)
    offered = [(one.alias.name, written(unit, [one], comment)) for one in movable if one.offered]
    return add_offers(changed, offered) if offered else changed


def written(unit: Unit, movable: Iterable[Movable], comment: str = "") -> list[cst.BaseStatement]:
    """The import of these names alone: of a whole statement all of it, else in one statement, and one more for each
    name with a comment of its own."""
    if isinstance(unit.node, cst.BaseStatement):
        return [unit.node.deep_clone().with_changes(leading_lines=[])]
    head = f"from {unit.base} import" if unit.base is not None else "import"
    plain: dict[str, None] = {}
    told: dict[str, None] = {}
    for one in sorted(movable, key=lambda one: one.alias.position):
        if own := comments.of_name(unit, one.alias.position):
            told[f"{head} {one.alias.text}{comment}{own}"] = None
        else:
            plain[one.alias.text] = None
    together = [f"{head} {', '.join(plain)}{comment}"] if plain else []
    return [cst.parse_statement(line) for line in (*together, *told)]


class _Imports(cst.CSTTransformer):
    """Puts the imports into their functions and quotes annotations."""

    def __init__(self, unit: Unit, movable: Sequence[Movable], comment: str) -> None:
        super().__init__()
        self._unit, self._comment = unit, comment
        self._of: dict[cst.FunctionDef, list[Movable]] = {}
        for one in movable:
            for host in one.hosts:
                self._of.setdefault(host, []).append(one)
        self._quote = {annotation for one in movable for annotation in one.quote}

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        if original_node not in self._of:
            return updated_node
        imports = written(self._unit, self._of[original_node], self._comment)
        return updated_node.with_changes(body=_begun_with(updated_node.body, imports))

    def leave_Annotation(self, original_node: cst.Annotation, updated_node: cst.Annotation) -> cst.Annotation:
        text = quoted(original_node) if original_node in self._quote else None
        return updated_node.with_changes(annotation=text) if text is not None else updated_node


def _begun_with(body: cst.BaseSuite, imports: list[cst.BaseStatement]) -> cst.IndentedBlock:
    if isinstance(body, cst.SimpleStatementSuite):
        return _unfolded(body, imports)
    assert isinstance(body, cst.IndentedBlock)
    after = 1 if is_docstring(body.body[0]) else 0
    return body.with_changes(body=[*body.body[:after], *imports, *body.body[after:]])


def _unfolded(body: cst.SimpleStatementSuite, imports: list[cst.BaseStatement]) -> cst.IndentedBlock:
    """`def f(): return np.x` over two lines more."""
    smalls: list[Any] = list(body.body)
    lines: list[cst.BaseStatement] = []
    if len(smalls) > 1 and is_text(smalls[0]):
        lines.append(cst.SimpleStatementLine([_last(smalls.pop(0))]))
    lines += imports
    lines.append(cst.SimpleStatementLine(smalls, trailing_whitespace=body.trailing_whitespace))
    return cst.IndentedBlock(lines)


def _last(small: cst.BaseSmallStatement) -> cst.BaseSmallStatement:
    return small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
