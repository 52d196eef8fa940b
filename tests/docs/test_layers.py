"""`.importlinter` leaves no room out."""

from __future__ import annotations

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
