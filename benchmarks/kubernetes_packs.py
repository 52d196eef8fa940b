"""Memory of all of Reef's processes for the locations of the cluster's tests, without nodes, beside `dagster api grpc`.

Real pack hosts with a real agent for each container, a controller that leads, one that stands by and two gateways: all
idle, then the sixteen locations of two images warm. A container is a pid namespace here (root makes it), its files are
this machine's. What only kubelet adds (a pause process in each pod, of either side) is in no figure. Zygotes, which end
after ten minutes without a start, are not in the idle figure.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "hosting"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "packs"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "packhost"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from pack_process import Pack, free_port, location
from packbench import Container

import measure
from deadlines import until
from kubernetes_calls import Called
from kubernetes_processes import SOURCE, around, measured
from lab import fleet
from lab.apiserver import assets
from lab.fleet import Member
from report import Report, arguments, emit, setting_of
from traffic import requests_of

IDLE_BAR, WARM_BAR = 1 / 8, 1 / 4
SETTLES_S = 20.0
AT_ONCE = 2  # as there are processors: what starts together needs no more memory afterwards

Code = Mapping[str, Path]


def main() -> int:
    args = arguments(__doc__.splitlines()[0]).parse_args()
    programs = assets()
    if programs is None:
        print("error: there is no API server: `make cluster-programs` builds one", file=sys.stderr)
        return 77
    report = Report("Kubernetes: Reef's processes without nodes", setting_of(args))
    everybody = [each for each in fleet.members() if each.loads]
    some = [each for each in everybody if each.name.startswith(fleet.SHARED)]
    with tempfile.TemporaryDirectory(prefix="rk", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        code = {each.name: _written(folder, each) for each in everybody}
        idle, warm = _standing(folder, some, code, len(everybody))
        reef = _controllers_and_gateways(folder, programs, len(everybody))
        hosts, agents = _idle(folder / "i", everybody, code)
        packs = _warm(folder / "w", some, code)
    parts = {"controllers and gateways": reef, "hosts of packs": hosts, "agents": agents}
    _told(report, f"{len(everybody)} idle locations", idle, parts, IDLE_BAR)
    parts = {"controllers and gateways": reef, "packs": packs}
    _told(report, f"{len(some)} warm locations of two images", warm, parts, WARM_BAR)
    report.notes.append(f"idle: {len(some)} servers were measured and multiplied; {_packs(everybody)} packs")
    return emit(report, args)


def _told(report: Report, group: str, standing: int, parts: Mapping[str, int], bar: float) -> None:
    report.figure(group, "a server for each", standing / 1e6, "MB", estimated="idle" in group)
    report.figure(group, "Reef, all", sum(parts.values()) / 1e6, "MB")
    for what, held in parts.items():
        report.figure(group, f"Reef, {what}", held / 1e6, "MB")
    report.at_most(f"{group}: Reef's part", sum(parts.values()) / standing, bar, "")


# -- the other side ---------------------------------------------------------------------------------------


def _standing(folder: Path, some: Sequence[Member], code: Code, count: int) -> tuple[int, int]:
    """Bytes of `count` idle servers, from these; and of these, warm."""
    ports = {each.name: free_port() for each in some}
    with ExitStack() as stack:
        pids = []
        for each in some:
            words = (
                "api",
                "grpc",
                "-h",
                "127.0.0.1",
                "-p",
                str(ports[each.name]),
                "-f",
                str(code[each.name]),
            )
            pids.append(stack.enter_context(_server(folder, *words)))
            until(lambda each=each: _answers(each, ports), 120, f"for the server of {each.name}", every_s=0.2)
        time.sleep(SETTLES_S)
        idle = measure.multiply(measure.memory(pids), len(pids), count).pss
        _together(some, lambda each: Called(each.name, f"127.0.0.1:{ports[each.name]}").warm())
        return idle, measure.memory(measure.tree(*pids)).pss


@contextmanager
def _server(folder: Path, *words: str) -> Iterator[int]:
    command = [str(Path(sys.executable).with_name("dagster")), *words]
    with open(folder / "servers.log", "ab") as log:
        process = subprocess.Popen(command, env=measure.environ(), cwd=folder, stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _answers(each: Member, ports: Mapping[str, int]) -> bool:
    try:
        return bool(Called(each.name, f"127.0.0.1:{ports[each.name]}").poll())
    except Exception:
        return False


# -- Reef -------------------------------------------------------------------------------------------------


def _controllers_and_gateways(folder: Path, programs: Path, count: int) -> int:
    with around(folder, programs) as (server, database):
        found = measured(folder, server, database, SOURCE, count, "this")
    once = found["the controller that leads"].pss + found["a controller that stands by"].pss
    return once + 2 * found["a gateway"].pss


def _idle(folder: Path, members: Sequence[Member], code: Code) -> tuple[int, int]:
    """Bytes of the hosts, and of the agents."""
    with ExitStack() as stack:
        packs = [stack.enter_context(_pack(folder, *each, code)) for each in _by_owner(members)]
        time.sleep(SETTLES_S)
        hosts = measure.memory(pack.process.pid for pack, _ in packs)
        agents = measure.memory(box.agent for _, boxes in packs for box in boxes if box.agent)
    return hosts.pss, agents.pss


def _warm(folder: Path, some: Sequence[Member], code: Code) -> int:
    """Bytes of hosts, agents, zygotes and servers. The zygotes stand before anybody is called."""
    with ExitStack() as stack:
        packs = [stack.enter_context(_pack(folder, *each, code)) for each in _by_owner(some)]
        pids = []
        for (_, own), (pack, boxes) in zip(_by_owner(some), packs, strict=True):
            until(lambda pack=pack: all(_has_zygote(pack)), 300, "for the zygotes", every_s=0.5)
            _together(own, lambda each, pack=pack: _called(pack, each))
            pids += [pack.process.pid, *(box.agent for box in boxes if box.agent)]
        held = measure.memory(measure.tree(*pids)).pss
        for pack, _ in packs:
            assert {each.phase for each in pack.state().locations} == {"warm"}, pack.state()
    return held


def _has_zygote(pack: Pack) -> list[bool]:
    return [bool(each.zygote) for each in pack.state().containers]


def _called(pack: Pack, each: Member) -> None:
    """A repository read, a plan and a tick, as a gateway passes them on."""
    asked = requests_of(Called(each.name, "127.0.0.1:1"))
    pack.gateway.dagster("ListRepositories", each.name)
    for kind in ("repository", "plan", "tick"):
        method, request = asked[kind]
        reply = pack.gateway.dagster(method, each.name, request.SerializeToString())
        assert not any(sign in reply for sign in (b"ErrorSnap", b"SnapshotErrorData")), reply[:2000]


@contextmanager
def _pack(folder: Path, owner: str, members: Sequence[Member], code: Code) -> Iterator[tuple[Pack, Any]]:
    """The pack of one owner: a host, and a container for each image."""
    there = folder / owner[0]
    (there / "r").mkdir(parents=True)
    boxes = {each.image: f"c{at}" for at, each in enumerate({one.image: one for one in members}.values())}
    pack = Pack(
        there,
        *(location(each.name, code[each.name], container=boxes[each.image]) for each in members),
        in_pod=True,
    )
    started = [Container.start(pack.run / box) for box in boxes.values()]
    pack.start()
    try:
        yield pack, started
    finally:
        pack.close()
        for box in started:
            box.end()


def _by_owner(members: Sequence[Member]) -> list[tuple[str, list[Member]]]:
    ordered = sorted(members, key=lambda each: each.owner)
    return [(owner, list(own)) for owner, own in groupby(ordered, key=lambda each: each.owner)]


def _packs(members: Sequence[Member]) -> int:
    return len(_by_owner(members))


def _written(folder: Path, each: Member) -> Path:
    file = folder / "code" / f"{each.name.replace('-', '_')}.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(fleet.code(each, 1))
    return file


def _together(members: Sequence[Member], work: Callable[[Member], None]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, members))


if __name__ == "__main__":
    sys.exit(main())
