"""Modules put together at random from what real ones do with an import; moved, and run before and after."""

from __future__ import annotations

import random
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from reef.doctor.fixing.model import Moved, Refused
from reef.doctor.fixing.moving import move

_IMPORTS = (
    ("import heavy", "heavy.parse", "heavy.VALUE", "heavy.Base"),
    ("import heavy as hv", "hv.parse", "hv.VALUE", "hv.Base"),
    ("import heavy.sub", "heavy.parse", "heavy.VALUE", "heavy.Base"),
    ("from heavy import parse, VALUE, Base", "parse", "VALUE", "Base"),
    ("from heavy import (\n    parse as p,\n    VALUE as v,  # seven\n    Base as B,\n)", "p", "v", "B"),
    (
        "try:\n    import heavy\nexcept ImportError:\n    heavy = None",
        "heavy.parse",
        "heavy.VALUE",
        "heavy.Base",
    ),
    (
        "import sys\nif sys.version_info >= (3, 8):\n    import heavy\nelse:\n    heavy = None",
        *("heavy.parse", "heavy.VALUE", "heavy.Base"),
    ),
    (
        "import contextlib\nwith contextlib.suppress(ImportError):\n    from heavy import parse, VALUE, Base",
        *("parse", "VALUE", "Base"),
    ),
    (
        "import importlib\nhv = importlib.import_module('heavy')",
        *("hv.parse", "hv.VALUE", "hv.Base"),
    ),
)
_FUTURE = ("", "from __future__ import annotations\n")
_FOLDER = Path(__file__).parent


def _pieces(file: str) -> list[str]:
    """`{n}`: a number of its own, `{parse}`, `{value}`, `{base}`: the names, `{first}`: what the import binds."""
    return [f"{piece}\n" for piece in (_FOLDER / file).read_text().rstrip("\n").split("\n---\n")]


_PIECES = _pieces("pieces_that_move.txt")
_NEEDING = _pieces("pieces_that_stay.txt")


def _module(seed: int) -> tuple[str, int, bool]:
    """The source, the import's line, and whether loading needs it."""
    chance = random.Random(seed)
    statement, parse, value, base = chance.choice(_IMPORTS)
    pieces = chance.choices(_PIECES, k=chance.randint(1, 7))
    needing = chance.random() < 0.2
    if needing:
        pieces.insert(chance.randrange(len(pieces) + 1), chance.choice(_NEEDING))
    head = chance.choice(("", "'''A module.'''\n", "# A comment.\n\n")) + chance.choice(_FUTURE)
    before = chance.choice(("import os\n", "import os\nimport sys  # path\n\n", ""))
    after = chance.choice(("import json\n\n", "\n", "# Calls.\n")) + "CALLS = []\n\n"
    start = head + before
    first = parse.partition(".")[0]
    body = "\n".join(
        piece.format(n=number, parse=parse, value=value, base=base, first=first)
        for number, piece in enumerate(pieces)
    )
    text = f"{start}{statement}\n{after}{body}"
    line = start.count("\n") + 1
    within = next(number for number, one in enumerate(statement.split("\n")) if "heavy" in one)
    return text, line + within, needing


def _run(source: bytes, file: Path) -> list[object]:
    for name in [name for name in sys.modules if name.startswith("heavy")]:
        del sys.modules[name]
    module = types.ModuleType("random_case")
    exec(compile(source, str(file), "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    brought = "heavy" in sys.modules
    return [brought, *(_plain(call()) for call in module.__dict__["CALLS"])]


def _plain(value: object) -> object:
    return repr(value) if "object at" not in repr(value) else type(value).__name__


@pytest.mark.parametrize("seed", range(0, 200, 20))
def test_moved_modules_do_the_same(seed: int, heavy_package: Path, tmp_path: Path) -> None:
    moved = 0
    for number in range(seed, seed + 20):
        text, line, needing = _module(number)
        done = move(text.encode(), line)
        if isinstance(done, Refused):
            assert needing or _may_refuse(text, done), (text, done)
            continue
        before, after = _run(text.encode(), tmp_path / "case.py"), _run(done.source, tmp_path / "case.py")
        assert after[1:] == before[1:], done.source.decode()
        assert not after[0] or done.kept, done.source.decode()
        assert list(_unmoved(text, done)) == []
        moved += 1
    assert moved >= 5


def _may_refuse(text: str, done: Refused) -> bool:
    """A name that nothing uses, an annotation that a whole statement would have to bring, or a function that is handed
    on."""
    allowed = ("is used nowhere", "annotations use", "is handed on while loading")
    return any(part in done.reason for part in allowed)


def _unmoved(text: str, done: Moved) -> Iterator[str]:
    """Comments that are gone."""
    new = done.source.decode()
    for line in text.splitlines():
        if line.lstrip().startswith("#") and line not in new:
            yield line
