"""`.importlinter` leaves no room out."""

from __future__ import annotations

import ast
import configparser
from pathlib import Path

import pytest

import reef

ROOT = Path(__file__).parents[2]
NO_ROOM = {"reef.__init__", "reef.__pycache__", "reef.py"}


@pytest.fixture
def rooms() -> set[str]:
    found = {path for path in Path(reef.__path__[0]).iterdir() if path.suffix == ".py" or path.is_dir()}
    return {f"reef.{path.stem}" for path in found} - NO_ROOM


def named(section: str, option: str) -> set[str]:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    return set(contracts[f"importlinter:contract:{section}"][option].replace("|", " ").split())


def test_every_room_but_the_guest_has_a_floor(rooms: set[str]) -> None:
    assert named("floors", "layers") == rooms - {"reef.guest"}


def test_the_guest_may_import_no_room(rooms: set[str]) -> None:
    assert named("guest-is-an-island", "forbidden_modules") == rooms - {"reef.guest"}


def _imports_of(path: Path, name: str, known: set[str]) -> set[str]:
    """Modules of Reef, whether imported for types alone or inside a function."""
    found: set[str] = set()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            wholes = {f"{origin}.{each.name}" for each in node.names}
            found |= wholes if wholes <= known else wholes | {origin}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return found & known - {name}


def test_no_modules_import_each_other_not_even_for_types() -> None:
    source = Path(reef.__path__[0])
    paths = {
        ".".join(("reef", *path.relative_to(source).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in source.rglob("*.py")
    }
    graph = {name: _imports_of(path, name, set(paths)) for name, path in paths.items()}
    while leaves := {name for name, asked in graph.items() if not asked}:
        graph = {name: asked - leaves for name, asked in graph.items() if name not in leaves}
    asked_for = set().union(*graph.values())
    assert {name: sorted(asked) for name, asked in graph.items() if name in asked_for} == {}
