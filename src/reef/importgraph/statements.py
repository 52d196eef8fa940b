"""What one module's source says it imports, wherever in it that stands; and what cannot be told from it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from reef.importgraph.names import aliases_of, dotted, literal


@dataclass(frozen=True)
class Import:
    """`from MODULE import NAMES` with as many leading dots as `level`; `star` for `*`."""

    module: str
    line: int
    level: int = 0
    names: tuple[str, ...] = ()
    star: bool = False


@dataclass(frozen=True)
class Whole:
    """Every module below a package (dots lead where it is relative), '' for the package that this module is in."""

    package: str
    line: int


@dataclass(frozen=True)
class Doubt:
    """Something that may import what the source does not name."""

    line: int
    text: str


@dataclass(frozen=True)
class Statements:
    imports: tuple[Import, ...] = ()
    wholes: tuple[Whole, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    exports: tuple[str, ...] = ()  # the literal `__all__`
    exports_computed: bool = False


_IMPORTERS = frozenset(
    ("importlib.import_module", "__import__", "builtins.__import__", "importlib.__import__")
)
_RUNNERS = frozenset(
    (
        *(
            "importlib.util.spec_from_file_location",
            "importlib.machinery.SourceFileLoader",
            "imp.load_source",
        ),
        *("runpy.run_path", "runpy.run_module", "exec", "eval", "builtins.exec", "builtins.eval"),
        *("pkgutil.extend_path", "pkgutil.resolve_name", "site.addsitedir"),
        *("lazy_loader.attach", "lazy_loader.attach_stub", "lazy_loader.load"),
    )
)
_PATHS = ("sys.path", "sys.meta_path", "sys.path_hooks", "sys.modules")
_READS_OF_A_LIST = ("index", "count", "copy", "get", "keys", "items", "values")
_PACKAGE_LOADERS = frozenset(
    f"load_{what}_from_package_{how}" for what in ("assets", "asset_checks") for how in ("module", "name")
)
_FOLDER_LOADERS = frozenset(
    ("load_from_defs_folder", "load_defs", "load_project_defs", "load_component_at_path", "load_defs_at_path")
)


def read_statements(source: bytes) -> Statements:
    """Raises SyntaxError or ValueError for what this Python cannot parse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(source)
        except RecursionError:
            raise ValueError("nested too deeply") from None
    return _Reader(tree).statements()


class _Reader:
    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._aliases = aliases_of(tree)
        self._imports: list[Import] = []
        self._wholes: list[Whole] = []
        self._doubts: list[Doubt] = []
        self._exports: list[str] = []
        self._exports_computed = False

    def statements(self) -> Statements:
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        for node in ast.walk(self._tree):
            self._node(node, called)
        return Statements(
            tuple(self._imports),
            tuple(self._wholes),
            tuple(self._doubts),
            tuple(self._exports),
            self._exports_computed,
        )

    def _node(self, node: ast.AST, called: set[int]) -> None:
        match node:
            case ast.Import():
                self._imports += [Import(each.name, node.lineno) for each in node.names]
            case ast.ImportFrom():
                names = tuple(each.name for each in node.names if each.name != "*")
                star = len(names) < len(node.names)
                self._imports.append(Import(node.module or "", node.lineno, node.level, names, star))
            case ast.Call():
                self._call(node)
            case ast.Name() | ast.Attribute() if id(node) not in called:
                if dotted(node, self._aliases) in _IMPORTERS:
                    self._doubt(node, "hands an import function on")
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Delete():
                for target in _targets(node):
                    self._assigned(target, node)

    def _doubt(self, node: ast.expr | ast.stmt, text: str) -> None:
        self._doubts.append(Doubt(node.lineno, text))

    def _call(self, node: ast.Call) -> None:
        name = dotted(node.func, self._aliases)
        last = name.rpartition(".")[2] or getattr(node.func, "attr", "")
        owner = name.rpartition(".")[0]
        if name in _IMPORTERS:
            self._import_call(node)
        elif name in _RUNNERS:
            self._doubt(node, f"calls {name}")
        elif owner in _PATHS and last not in _READS_OF_A_LIST:
            self._doubt(node, f"changes {owner}")
        elif name in ("getattr", "setattr") and node.args:
            if dotted(node.args[0], self._aliases) in ("sys", "importlib"):
                self._doubt(node, f"calls {name} on {dotted(node.args[0], self._aliases)}")
        elif owner == "__all__":
            self._exports_computed = True
        elif last in _PACKAGE_LOADERS:
            self._package_loader(node, last)
        elif last in _FOLDER_LOADERS:
            self._wholes.append(Whole("", node.lineno))

    def _import_call(self, node: ast.Call) -> None:
        name = literal(_argument(node, 0, "name"))
        package = _argument(node, 1, "package")
        if name is None:
            self._doubt(node, "imports a module whose name is computed")
        elif not name.startswith("."):
            self._imports.append(Import(name, node.lineno))
        elif (anchor := literal(package)) is not None:
            self._imports.append(Import(_absolute(name, anchor), node.lineno))
        elif package is not None and dotted(package, {}) in ("__package__", "__name__", "__spec__.parent"):
            level = len(name) - len(name.lstrip("."))
            self._imports.append(Import(name[level:], node.lineno, level))
        else:
            self._doubt(node, "imports a relative name of a package that is computed")

    def _package_loader(self, node: ast.Call, loader: str) -> None:
        by_name = loader.endswith("_name")
        argument = _argument(node, 0, "package_name" if by_name else "package_module")
        package = literal(argument) if by_name else None
        if not by_name and argument is not None:
            package = dotted(argument, self._aliases)
        if package:
            self._wholes.append(Whole(package, node.lineno))
        else:
            self._doubt(node, f"calls {loader} with a package that is computed")

    def _assigned(self, target: ast.expr, node: ast.stmt) -> None:
        name = dotted(target, self._aliases)
        if isinstance(target, ast.Subscript):
            name = dotted(target.value, self._aliases)
        if name in _PATHS:
            self._doubt(node, f"changes {name}")
        elif name == "__path__":
            self._doubt(node, "changes __path__")
        elif name == "__all__":
            self._export(node)

    def _export(self, node: ast.stmt) -> None:
        value = getattr(node, "value", None)
        listed = value.elts if isinstance(value, (ast.List, ast.Tuple, ast.Set)) else None
        names = [literal(each) for each in listed or ()]
        self._exports += [name for name in names if name]
        self._exports_computed |= listed is None or None in names


def _targets(node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Delete) -> Iterator[ast.expr]:
    found = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else [node.target]
    for target in found:
        yield from target.elts if isinstance(target, (ast.Tuple, ast.List)) else (target,)


def _argument(node: ast.Call, position: int, keyword: str) -> ast.expr | None:
    if len(node.args) > position:
        return node.args[position]
    return next((each.value for each in node.keywords if each.arg == keyword), None)


def _absolute(name: str, package: str) -> str:
    level = len(name) - len(name.lstrip("."))
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - (level - 1)], name[level:]]).strip(".")
