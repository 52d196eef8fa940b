"""The health check for Argo CD, run by a real Lua over statuses as the controller writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reef.kube.objects.location_status import StatusSeen, status

lua51 = pytest.importorskip("lupa.lua51", reason="no Lua: pip install lupa")  # Argo CD has Lua 5.1

SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "argocd-health.lua"
NOW = "2026-01-01T00:00:00Z"


def health(obj: dict[str, Any]) -> tuple[str, str]:
    """As Argo CD does: `obj` is the object, what is returned is a table. No library beyond Lua's own is used."""
    lua = lua51.LuaRuntime(unpack_returned_tuples=True)
    lua.globals().obj = lua.table_from(obj, recursive=True)
    found = lua.execute(SCRIPT.read_text("utf-8"))
    return found["status"], found["message"]


def location(generation: int = 1, **seen: Any) -> dict[str, Any]:
    said = {"generation": 1, "phase": "served", "reason": "Served", "message": "All is well.", **seen}
    return {
        "metadata": {"name": "sales", "generation": generation},
        "status": status(StatusSeen(**said), None, NOW),
    }


CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "served": ({"version": "a1"}, "Healthy", "All is well."),
    "first probe": (
        {"phase": "under_way", "reason": "Probing", "message": "It is tried."},
        "Progressing",
        "is tried",
    ),
    "a newer version is tried": (
        {"phase": "under_way", "reason": "Probing", "message": "It is tried.", "version": "a1"},
        "Progressing",
        "is tried",
    ),
    "waits for its wave": (
        {"phase": "waiting", "reason": "Waits", "message": "Its turn is later.", "version": "a1"},
        "Progressing",
        "later",
    ),
    "refused, nothing served": (
        {"phase": "refused", "reason": "DoesNotLoad", "message": "No module x."},
        "Degraded",
        "No module x.",
    ),
    "refused, an older one served": (
        {"phase": "refused", "reason": "DoesNotLoad", "message": "No module x.", "version": "a1"},
        "Degraded",
        "No module x.",
    ),
    "refused, tried again by itself": (
        {
            "phase": "refused",
            "reason": "NoImage",
            "message": "It is nowhere.",
            "version": "a1",
            "comes_back": True,
        },
        "Degraded",
        "is served instead. It is nowhere.",
    ),
    "no image yet, tried again by itself": (
        {"phase": "refused", "reason": "NoImage", "message": "It is nowhere.", "comes_back": True},
        "Progressing",
        "nowhere",
    ),
    "the name is somebody else's": (
        {"phase": "conflict", "reason": "Conflict", "message": "web has that name."},
        "Degraded",
        "web has that name.",
    ),
    "no placement": (
        {"phase": "impossible", "reason": "NoPlacement", "message": "Nobody can."},
        "Degraded",
        "Nobody can.",
    ),
    "no room": ({"version": "a1", "room": "0/3 nodes"}, "Progressing", "0/3 nodes"),
}


@pytest.mark.parametrize("name", CASES)
def test_health_follows_from_what_the_controller_says(name: str) -> None:
    seen, wanted, words = CASES[name]
    found, message = health(location(**seen))
    assert found == wanted
    assert words in message


def test_what_was_not_looked_at_is_progressing() -> None:
    for obj in ({"metadata": {"generation": 1}}, {"metadata": {"generation": 1}, "status": {}}):
        assert health(obj) == ("Progressing", "Reef's controller has not looked at it yet.")
    assert health(location(generation=2, version="a1")) == (
        "Progressing",
        "Reef's controller has not looked at the change yet.",
    )
