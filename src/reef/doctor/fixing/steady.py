"""Conditions that are the same whenever they are asked in one process."""

from __future__ import annotations

import libcst as cst

from reef.doctor.fixing.syntax import dotted

# What they say is settled when the interpreter starts.
_SETTLED = (
    *(
        "sys.version_info",
        "sys.version",
        "sys.platform",
        "sys.implementation",
        "sys.maxsize",
        "sys.byteorder",
    ),
    *("sys.hexversion", "os.name", "os.sep"),
)
_CALLED = (
    *("platform.system", "platform.machine", "platform.python_implementation", "platform.python_version"),
    *("platform.python_version_tuple", "importlib.util.find_spec", "find_spec"),
    *("sys.platform.startswith", "len", "int", "str", "tuple", "bool"),
)
_SHAPES = (
    *(cst.BooleanOperation, cst.UnaryOperation, cst.Comparison, cst.ComparisonTarget, cst.Tuple, cst.List),
    *(cst.Element, cst.Subscript, cst.SubscriptElement, cst.Index, cst.Slice, cst.Arg),
)
# Not commas, brackets, operators and spaces.
_SAYING = (
    *(cst.BaseExpression, cst.ComparisonTarget, cst.BaseElement, cst.Arg),
    *(cst.SubscriptElement, cst.BaseSlice),
)
_LITERALS = (cst.SimpleString, cst.Integer, cst.Float)
_CONSTANTS = ("True", "False", "None")


def steady_names(test: cst.BaseExpression, module: cst.Module) -> frozenset[str] | None:
    """The names that the condition asks for; None where what it says may change."""
    found: set[str] = set()
    return frozenset(found) if _is_steady(test, module, found) else None


def _is_steady(node: cst.CSTNode, module: cst.Module, found: set[str]) -> bool:
    if isinstance(node, _LITERALS) or dotted(node) in _CONSTANTS:
        return True
    if name := dotted(node):
        found.add(name.partition(".")[0])
        return any(name == one or name.startswith(f"{one}.") for one in _SETTLED) or _is_literal(name, module)
    if isinstance(node, cst.Call):
        if not (name := dotted(node.func)) or name not in _CALLED:
            return False
        found.add(name.partition(".")[0])
        return all(_is_steady(one.value, module, found) and not one.star for one in node.args)
    if isinstance(node, _SHAPES):
        return all(_is_steady(one, module, found) for one in node.children if isinstance(one, _SAYING))
    return False


def _is_literal(name: str, module: cst.Module) -> bool:
    """Whether the module gives it one value only, in one line: a flag of its author's."""
    values = [
        small.value
        for line in module.body
        if isinstance(line, cst.SimpleStatementLine)
        for small in line.body
        if isinstance(small, cst.Assign | cst.AnnAssign) and name in _targets(small)
    ]
    if len(values) != 1 or values[0] is None or _times_bound(module, name) != 1:
        return False
    value = values[0]
    return isinstance(value, _LITERALS) or dotted(value) in _CONSTANTS


def _targets(small: cst.Assign | cst.AnnAssign) -> list[str]:
    targets = [one.target for one in small.targets] if isinstance(small, cst.Assign) else [small.target]
    return [dotted(target) for target in targets]


class _Bindings(cst.CSTVisitor):
    """Every place where anything might give the name a value, in whatever scope; more than one is too many."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name, self.times = name, 0

    def _bound(self, node: cst.CSTNode | None) -> None:
        self.times += node is not None and self._name in {dotted(node), *_inner(node)}

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        self._bound(node.target)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self._bound(node.target)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._bound(node.target)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self._bound(node.target)

    def visit_For(self, node: cst.For) -> None:
        self._bound(node.target)

    def visit_AsName(self, node: cst.AsName) -> None:
        self._bound(node.name)

    def visit_Del(self, node: cst.Del) -> None:
        self._bound(node.target)

    def visit_NameItem(self, node: cst.NameItem) -> None:  # of `global`
        self._bound(node.name)

    def visit_ImportAlias(self, node: cst.ImportAlias) -> None:
        self._bound(node.name if node.asname is None else None)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._bound(node.name)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._bound(node.name)


def _inner(node: cst.CSTNode) -> list[str]:
    if isinstance(node, cst.Tuple | cst.List):
        return [name for element in node.elements for name in (dotted(element.value), *_inner(element.value))]
    return []


def _times_bound(module: cst.Module, name: str) -> int:
    visitor = _Bindings(name)
    module.visit(visitor)
    return visitor.times
