"""Reef in a real cluster beside a pod for each location: memory, waking, changing, promoting, five hundred at once.

It runs in the cluster of the tests (docs/testing-on-kubernetes.md), as root: it brings it up, and leaves it as it was.
The other side is what the official chart makes (`tests/lab/model1.py`), with the chart's own probe where time counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from kubernetes_bench import Bench
from kubernetes_rows import ROWS
from lab import bringing, fleet
from lab.errors import LabError
from lab.kubectl import KubectlError
from measure import say
from report import Report, arguments, emit, setting_of

INSIDE = "REEF_BENCHMARK_INSIDE"


def main() -> int:
    parser = arguments(
        __doc__.splitlines()[0], locations=40, wakes=20, promotions=100, many=500, calls=20_000
    )
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of: {', '.join(ROWS)}")
    args = parser.parse_args()
    unknown = set(args.rows.split(",")) - ROWS.keys()
    if unknown:
        parser.error(f"--rows {', '.join(sorted(unknown))}: must be some of {', '.join(ROWS)}")
    if os.environ.get(INSIDE):
        return _measure(args)
    try:
        return _enter()
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 77


def _enter() -> int:
    """The same again in the cluster's network, where pods and Services can be reached."""
    from lab.cluster import Cluster

    was_up = Cluster().up
    found = bringing.bring_up()
    try:
        with tempfile.TemporaryDirectory() as folder:
            fleet.load(found, Path(folder), (1, 2))
        found.load_reef()
        environment = {
            **os.environ,
            INSIDE: "1",
            "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "tests"),
        }
        command = [*found.control.entering(), sys.executable, *sys.argv]
        return subprocess.run(command, env=environment).returncode
    finally:
        if not was_up:
            bringing.take_down()


def _measure(args: argparse.Namespace) -> int:
    report = Report("Kubernetes: Reef beside a pod for each location", setting_of(args))
    bench = Bench(args, report)
    ended = [_ends(name, bench) for name in args.rows.split(",")]
    report.notes.append(f"{args.locations} locations; the cluster of the tests, two nodes on one machine")
    return emit(report, args) or (0 if all(ended) else 1)


def _ends(name: str, bench: Bench) -> bool:
    """Whether the row came to its end: one that did not must not take the figures of the others with it."""
    say(f"row {name}")
    try:
        ROWS[name](bench)
    except (AssertionError, KubectlError) as error:
        bench.report.notes.append(f"The row {name} came to no end: {error}")
        say(bench.report.notes[-1])
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
