"""The longest files of tests first: then no worker begins a long one while the others have nothing left to do. Files
that share what takes long to start are one unit, and run one after another in one worker.

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
API_SERVER = "tests of an API server"  # kube-apiserver computes while nobody asks it, too
TOGETHER = {  # how a file begins -> its unit
    **dict.fromkeys(("tests/hosting/", "tests/guest/", "tests/packs/")),  # each folder has a host of its own
    **dict.fromkeys(
        (
            "tests/apiserver/",
            "tests/clusterapi/",
            "tests/controller/",
            "tests/remote/",
            "tests/chart/test_install.py",
            "tests/gateways/test_over_the_api_server.py",
            "tests/kube/objects/test_gate_in_a_cluster.py",
            "tests/kube/objects/test_objects_in_a_cluster.py",
            "tests/kube/test_crd_in_a_cluster.py",
            "tests/kube/test_field_table.py",
            "tests/kube/test_values_round_trip.py",
            "tests/viewing/test_page_over_the_api_server.py",
            "tests/viewing/test_page_process.py",
            "tests/viewing/test_taken.py",
        ),
        API_SERVER,
    ),
}


def seconds() -> dict[str, float]:
    """File, as a test's id begins -> seconds."""
    found: dict[str, float] = json.loads(RECORDED.read_text())
    return found


def longest_first(tests: list[T], file_of: Callable[[T], str], took: Mapping[str, float]) -> list[T]:
    """The tests of a unit stay together, and in it those of a file, in their order."""
    of_unit: dict[str, float] = {}
    for file in {file_of(test) for test in tests}:
        of_unit[unit_of(file)] = of_unit.get(unit_of(file), 0.0) + took.get(file, 0.0)

    def rank(file: str) -> tuple[float, str, float, str]:
        unit = unit_of(file)
        return -of_unit[unit], unit, -took.get(file, 0.0), file

    return sorted(tests, key=lambda test: rank(file_of(test)))


def unit_of(file: str) -> str:
    """By itself, where it shares nothing that takes long to start."""
    return next((unit or start for start, unit in TOGETHER.items() if file.startswith(start)), file)


def file_of(node_id: str) -> str:
    return node_id.partition("::")[0]


def record(took: Mapping[str, float], path: Path = RECORDED) -> None:
    """Of a whole run; the short ones are left out."""
    long = {file: round(took[file]) for file in sorted(took) if took[file] >= LONG_S}
    path.write_text(json.dumps(long, indent=1) + "\n")
