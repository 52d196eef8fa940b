"""`python -m lab VERB`: what the Makefile's `cluster…` targets call."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from lab import bringing, failures, fleet, images, needs, programs
from lab.building import build, say
from lab.cluster import Cluster
from lab.errors import LabError
from older_dagster import make_older

NO_CLUSTER = 77  # none of pytest's own: what tells CI that there is nothing to test in
TESTS = Path(__file__).parents[1]
KUBECONFIG = "REEF_TEST_KUBECONFIG"
TAKES_DOWN = "REEF_TEST_TAKES_CLUSTER_DOWN"


def _programs(_: argparse.Namespace) -> int:
    build(programs.API_SERVER)
    print(f"{programs.program('etcd').parent}\n{programs.program('kube-apiserver').parent}")
    return 0


def _up(_: argparse.Namespace) -> int:
    print(bringing.bring_up().status())
    say("`make cluster-shell` gives a shell in its network; `make cluster-down` ends it")
    return 0


def _down(options: argparse.Namespace) -> int:
    if options.all:
        bringing.take_all_down()
    else:
        bringing.take_down()
    return 0


def _status(_: argparse.Namespace) -> int:
    print(Cluster().status())
    return 0


def _images(options: argparse.Namespace) -> int:
    build(programs.CLUSTER)
    shutil.copy(images.archive(), options.file)
    return 0


def _demo(_: argparse.Namespace) -> int:
    """In a cluster that stays, so that it can be looked at."""
    found = bringing.bring_up()
    say("the images of forty locations: 24 of their own over 8 lock files, and two that 16 share")
    with tempfile.TemporaryDirectory() as folder:
        fleet.load(found, Path(folder), (1, 2))
    return _inside(found, [sys.executable, "-m", "lab.demo"])


def _run(options: argparse.Namespace) -> int:
    return _inside(Cluster(), options.command or [os.environ.get("SHELL", "/bin/sh")])


def _test(options: argparse.Namespace) -> int:
    """The tests in the cluster, then those of its end. A cluster that was there before stays as it is."""
    pytest = [sys.executable, "-m", "pytest", *(options.command or [str(TESTS / "cluster")])]
    if KUBECONFIG in os.environ or needs.lacking():
        return subprocess.run(pytest).returncode
    make_older()  # inside no package index is reached; where none is here either, its test says so
    was_up = Cluster().up
    found = bringing.bring_up()
    try:
        first = _inside(found, pytest)
        if first:
            say(f"what the cluster said is kept in {failures.keep(found)}")
        last = 0 if was_up else _end(pytest[:3])
    finally:
        if not was_up:
            bringing.take_down()
    return first or last


def _end(pytest: list[str]) -> int:
    """The test that takes the cluster down; it must not do so where somebody runs all tests beside a cluster."""
    environment = {**os.environ, TAKES_DOWN: "1"}
    return subprocess.run([*pytest, str(TESTS / "cluster_down")], env=environment).returncode


def _inside(found: Cluster, command: Sequence[str]) -> int:
    """In the control plane's network, from which pods and Services can be reached."""
    environment = {**os.environ, KUBECONFIG: str(found.kubeconfig), "KUBECONFIG": str(found.kubeconfig)}
    environment["PATH"] = f"{programs.program('kubectl').parent}:{environment['PATH']}"
    return subprocess.run([*found.control.entering(), *command], env=environment).returncode


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "programs": _programs,
    "up": _up,
    "down": _down,
    "status": _status,
    "images": _images,
    "demo": _demo,
    "run": _run,
    "test": _test,
}


def _parse(parser: argparse.ArgumentParser, words: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """What follows `run` and `test` is the other program's, options too."""
    given = words[1:] if words[:1] in (["run"], ["test"]) and words[1:2] not in (["-h"], ["--help"]) else []
    return parser.parse_args(words[: len(words) - len(given)]), given


def main() -> int:
    parser = argparse.ArgumentParser(prog="lab", description="A real Kubernetes for Reef's tests.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("programs", help="build etcd, kube-apiserver and kubectl, for tests that need no node")
    verbs.add_parser("up", help="bring the cluster up; builds what is missing")
    down = verbs.add_parser("down", help="end it; what was built stays in the cache")
    down.add_argument("--all", action="store_true", help="those of other checkouts, too")
    verbs.add_parser("status", help="what runs, as JSON")
    verbs.add_parser("images", help="write the tests' images as an OCI archive").add_argument(
        "file", type=Path
    )
    verbs.add_parser("demo", help="forty locations, from a pod for each to Reef and back")
    for verb, told in (("run", "run a command in the cluster's network"), ("test", "run the tests in it")):
        verbs.add_parser(verb, help=told, usage=f"lab {verb} [ARGUMENT…]")
    options, command = _parse(parser, sys.argv[1:])
    options.command = command
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # so that a cluster is taken down
    try:
        return VERBS[options.verb](options)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return NO_CLUSTER


if __name__ == "__main__":
    sys.exit(main())
