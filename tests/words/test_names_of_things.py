"""One room of the house meets no two things of one name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest

import reef

SOURCE = Path(reef.__path__[0])
ROLES = {
    "contract": "what a room asks of others, as protocols",
    "errors": "the errors that a room raises",
    "importing": "reads what another product's files say of locations",
    "local": "does what a contract says on this machine",
    "messages": "what is sent over a wire",
    "model": "values of a room, without behaviour",
    "postgres": "does what a contract says in PostgreSQL",
    "reading": "what a room takes in, as its model",
}


class Module(NamedTuple):
    """`imports`: the name here -> the module and the name there; "" for the module itself."""

    dotted: str
    room: str
    classes: frozenset[str]
    imports: dict[str, tuple[str, str]]
    asked: frozenset[tuple[str, str]]  # `name.attribute`


def _module(path: Path, known: frozenset[str]) -> Module:
    dotted = _dotted(path)
    tree = ast.parse(path.read_text())
    package = dotted if path.name == "__init__.py" else dotted.rpartition(".")[0]
    imports: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            for each in node.names:
                whole = f"{origin}.{each.name}"
                imports[each.asname or each.name] = (whole, "") if whole in known else (origin, each.name)
    return Module(
        dotted=dotted,
        room=dotted.split(".")[1] if "." in dotted else "",
        classes=frozenset(node.name for node in tree.body if isinstance(node, ast.ClassDef)),
        imports=imports,
        asked=frozenset(
            (node.value.id, node.attr)
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        ),
    )


def _dotted(path: Path) -> str:
    parts = ("reef", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.fixture(scope="module")
def modules() -> dict[str, Module]:
    paths = sorted(SOURCE.rglob("*.py"))
    known = frozenset(map(_dotted, paths))
    return {_dotted(path): _module(path, known) for path in paths}


def _home(modules: dict[str, Module], origin: str, name: str) -> str | None:
    """The module that defines a class; None for what is no class of Reef."""
    while (module := modules.get(origin)) is not None:
        if name in module.classes:
            return origin
        if name not in module.imports:
            return None
        origin, name = module.imports[name]
    return None


def _classes_met(modules: dict[str, Module]) -> dict[tuple[str, str], set[str]]:
    """Room and name -> the modules that define such a class, in the room or imported there."""
    met: dict[tuple[str, str], set[str]] = defaultdict(set)
    for dotted, module in modules.items():
        for name in module.classes:
            met[module.room, name].add(dotted)
        for here, (origin, name) in module.imports.items():
            names = [name] if name else [asked for owner, asked in module.asked if owner == here]
            for each in names:
                if home := _home(modules, origin, each):
                    met[module.room, each].add(home)
    return met


def test_a_room_meets_no_two_classes_of_one_name(modules: dict[str, Module]) -> None:
    met = _classes_met(modules)
    assert {where: sorted(homes) for where, homes in met.items() if len(homes) > 1} == {}
    assert met["deploys", "PromoteWave"] == {"reef.decide.rollout"}  # met as `rollout.PromoteWave` alone


def _files_met(module: Module) -> dict[str, set[str]]:
    """The last part of a name -> the modules of that name which one module imports, and itself."""
    met: dict[str, set[str]] = defaultdict(set)
    for origin in (module.dotted, *(origin for origin, _ in module.imports.values())):
        met[origin.rpartition(".")[2]].add(origin)
    return met


def _packages(modules: dict[str, Module]) -> set[str]:
    return {dotted.rpartition(".")[0] for dotted in modules}


def _by_its_command(dotted: str) -> bool:
    """Files of the command line are named after what a person types."""
    return dotted.startswith("reef.cli.")


def test_a_file_of_a_room_has_a_name_of_its_own(modules: dict[str, Module]) -> None:
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    for dotted, module in modules.items():
        if not _by_its_command(dotted) and dotted not in _packages(modules):
            named[module.room, dotted.rpartition(".")[2]].append(dotted)
    twice = {where: each for where, each in named.items() if len(each) > 1}
    assert {where: each for where, each in twice.items() if where[1] not in ROLES} == {}


def test_a_module_meets_no_two_files_of_one_name(modules: dict[str, Module]) -> None:
    met = {
        dotted: {
            name: homes & set(modules) - _packages(modules) for name, homes in _files_met(module).items()
        }
        for dotted, module in modules.items()
        if not _by_its_command(dotted)
    }
    twice = {
        dotted: {name for name, homes in names.items() if len(homes) > 1} for dotted, names in met.items()
    }
    assert {dotted: names - set(ROLES) for dotted, names in twice.items() if names - set(ROLES)} == {}
