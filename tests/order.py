"""The longest files of tests first: then no worker begins a long one while the others have nothing left to do.

`seconds.json` has the seconds of each file that took long in some whole run; a run with REEF_TEST_RECORD_SECONDS=1
writes it anew. Those that it does not name come after it, by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
RECORD = "REEF_TEST_RECORD_SECONDS"
RECORDED = Path(__file__).with_name("seconds.json")
LONG_S = 5.0


def seconds() -> dict[str, float]:
    """File, as a test's id begins -> seconds."""
    found: dict[str, float] = json.loads(RECORDED.read_text())
    return found


def longest_first(tests: list[T], file_of: Callable[[T], str], took: Mapping[str, float]) -> list[T]:
    """The tests of a file stay together, in their order."""
    return sorted(tests, key=lambda test: (-took.get(file_of(test), 0.0), file_of(test)))


def file_of(node_id: str) -> str:
    return node_id.partition("::")[0]


def record(took: Mapping[str, float], path: Path = RECORDED) -> None:
    """Of a whole run; the short ones are left out."""
    long = {file: round(took[file]) for file in sorted(took) if took[file] >= LONG_S}
    path.write_text(json.dumps(long, indent=1) + "\n")
