"""The state of a location has owners: its parts are changed by their own methods alone, which only some rooms call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from reef.locations.release import Release
from reef.locations.serving import Serving
from reef.locations.wish import Wish

SOURCE = Path(__file__).parents[2] / "src" / "reef"
PARTS = {"serving": Serving, "release": Release, "wish": Wish}
# Methods that change nothing.
ASKING = {
    "serving": {"children", "loads_last_hour"},
    "release": {"stamp", "stamps", "recorded_at", "loads_last_hour"},
    "wish": set[str](),
}
# Who may call the others; where a method is named, that one alone.
OWNERS = {
    "serving": {
        "serving": None,
        "host/arriving.py": {"use_server", "stay_up"},
        "packs/fleet.py": {"stay_up"},
    },
    "release": {"releasing": None, "packs/fleet.py": {"promote"}},
    "wish": {
        "host": None,
        "deploys": None,
        "releasing/rollback.py": {"judge"},
        "packs/fleet.py": {"want", "follow"},
    },
}
CHANGES_A_CONTAINER = {"append", "add", "clear", "pop", "popitem", "remove", "setdefault", "update"}


def changing(part: str) -> set[str]:
    """Methods of a part that change it."""
    own = {name for name, value in vars(PARTS[part]).items() if callable(value) and not name.startswith("_")}
    assert ASKING[part] <= own
    return own - ASKING[part]


def sources() -> Iterator[tuple[str, ast.Module]]:
    """All but the parts themselves, by path below `src/reef`."""
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith("locations/"):
            yield name, ast.parse(path.read_text())


def is_part(node: ast.expr, part: str) -> bool:
    """`place.serving`, and whatever else has that attribute."""
    return isinstance(node, ast.Attribute) and node.attr == part


def below(node: ast.expr, part: str) -> bool:
    """`place.serving.runs`, `place.serving.runs[run]` and so on."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        if is_part(node.value, part):
            return True
        node = node.value
    return False


def calls(tree: ast.Module) -> Iterator[ast.Attribute]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func


def allowed(file: str, part: str, method: str) -> bool:
    return any(
        file.startswith(who if who.endswith(".py") else f"{who}/") and (only is None or method in only)
        for who, only in OWNERS[part].items()
    )


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_changed_by_its_owners_alone(part: str) -> None:
    methods = changing(part)
    found = [
        (file, call.attr)
        for file, tree in sources()
        for call in calls(tree)
        if is_part(call.value, part) and call.attr in methods
    ]
    assert {method for _, method in found} == methods, "a method that nobody calls"
    assert [one for one in found if not allowed(one[0], part, one[1])] == []


@pytest.mark.parametrize("part", PARTS)
def test_nobody_writes_into_a_part(part: str) -> None:
    written = []
    for file, tree in sources():
        for node in ast.walk(tree):
            targets: list[ast.expr] = []
            if isinstance(node, ast.Assign | ast.Delete):
                targets = node.targets
            elif isinstance(node, ast.AugAssign | ast.AnnAssign):
                targets = [node.target]
            written += [(file, node.lineno) for one in targets if below(one, part)]  # type: ignore[attr-defined]
        for call in calls(tree):
            if call.attr in CHANGES_A_CONTAINER and below(call.value, part):
                written.append((file, call.lineno))
    assert written == []
