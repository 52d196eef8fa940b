"""What becomes of children when their agent, their container or the pack host ends, and what is seen of a container."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hosts import GOOD, ping
from packbench import IS_ROOT, Container, PackBench, Tuning, lines, location

from deadlines import scaled, until
from reef.hosting.contract import Child, StartFailed

Write = Callable[[str], Path]
BARE = Tuning(rehearsal=False, plug=False, immortal=False)
needs_root = pytest.mark.skipif(
    not IS_ROOT, reason="only root may make a pid namespace: a container's end ends all"
)

EARLIER_HOST = """
import asyncio, dataclasses, json, os, sys
from pathlib import Path
from reef.hosting.contract import ChildSpec
from reef.packs.hosting import PackHosting
from reef.peers.messages import PackLocation

async def main():
    folder, spec = sys.argv[1], ChildSpec(**json.loads(sys.argv[2]))
    hosting = PackHosting(Path(folder))
    await hosting.use({"a": [PackLocation(name="x0", container="a", version="v1", grpc_args=())]})
    starting = asyncio.create_task(hosting.start(spec, 60))
    while sys.argv[3:] and not os.path.exists(sys.argv[3]):
        await asyncio.sleep(0.02)
    if not sys.argv[3:]:
        child = await starting
        await hosting.memory(child)  # what was said before has reached the agent
        print(json.dumps(dataclasses.asdict(child)), flush=True)
    os._exit(9)  # as if it had been killed

asyncio.run(main())
"""


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[PackBench]:
    """Containers `a` with x0 alone and `b` with f0 and f1, whose zygote is quickly built."""
    made = PackBench(tmp_path / "r", {"a": ["x0"], "b": ["f0", "f1"]}, tuning=BARE, unclaimed_s=60.0)
    yield made
    made.close()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[PackBench]:
    """Container `a` with x0: no zygote is built, which takes three processor seconds."""
    made = PackBench(tmp_path / "r", {"a": ["x0"]}, tuning=BARE, unclaimed_s=60.0)
    yield made
    made.close()


def exits_of(pack: PackBench, child: Child) -> list[object]:
    return [one for one in pack.exits if one.child == child]


def stands(pack: PackBench, name: str = "b") -> None:
    pack.until(lambda: pack.state(name).zygote, f"the zygote of {name!r} stands")


def test_a_container_of_several_forks_and_what_it_adds_is_beside_the_containers_own(
    pack: PackBench, code: Write, tmp_path: Path
) -> None:
    stands(pack)
    out = tmp_path / "seen"
    text = GOOD + "import json, os\nopen(os.environ['OUT'], 'w').write(json.dumps(dict(os.environ)))\n"
    children = [
        pack.start(pack.spec(name, code(text), env={"OUT": f"{out}-{name}", "OWN": "1"}))
        for name in ("x0", "f0")
    ]
    assert [child.forked for child in children] == [False, True]
    seen = [json.loads(Path(f"{out}-{child.location}").read_text()) for child in children]
    for env in seen:
        del env["OUT"]
        env.pop("LC_CTYPE", None)  # a fresh interpreter may add it
    assert seen[0] == seen[1]
    assert seen[0]["OWN"] == "1"
    assert seen[0]["HOME"] == os.environ["HOME"]


def test_a_zygote_that_nobody_needs_ends_and_comes_back_with_the_next_start(
    tmp_path: Path, code: Write
) -> None:
    """While one server runs, its container's zygote stays, however long ago the last start was."""
    pack = PackBench(tmp_path / "r", {"b": ["f0", "f1"]}, tuning=BARE, unused_s=scaled(3.0))
    try:
        stands(pack)
        pack.until(lambda: not pack.state("b").zygote, "the zygote ends")
        assert not pack.start(pack.spec("f0", code(GOOD))).forked
        stands(pack)
        assert pack.start(pack.spec("f1", code(GOOD))).forked
    finally:
        pack.close()


@needs_root
def test_a_container_that_ends_ends_its_children_and_is_taken_up_again(pack: PackBench, code: Write) -> None:
    stands(pack)
    before, other = pack.state("b"), pack.start(pack.spec("x0", code(GOOD)))
    child = pack.start(pack.spec("f0", code(GOOD)))
    assert child.forked
    pack.boxes["b"].kill()
    (ended,) = pack.until(lambda: exits_of(pack, child), "the exit is told")
    assert (ended.status, ended.expected) == (None, False)
    pack.until(lambda: not pack.state("b").connected and not pack.state("b").zygote, "its absence is seen")
    assert ping(other)
    pack.boxes["b"] = Container.start(pack.folder / "b")
    again = pack.start(pack.spec("f0", code(GOOD)))
    assert ping(again)
    stands(pack)
    assert pack.state("b").started != before.started
    assert pack.start(pack.spec("f1", code(GOOD))).forked
    assert exits_of(pack, other) == []


@needs_root
def test_a_container_that_ends_while_a_location_loads(alone: PackBench, code: Write, tmp_path: Path) -> None:
    spec = alone.spec("x0", code(alone.texts.hangs), env={"PIDS": str(tmp_path / "pids")})

    async def started() -> object:
        starting = asyncio.create_task(alone.hosting.start(spec, scaled(60)))
        while not (tmp_path / "pids").exists():
            await asyncio.sleep(0.02)
        os.kill(alone.boxes["a"].agent or 0, signal.SIGKILL)
        return await starting

    with pytest.raises(StartFailed, match="ended before it answered"):
        alone.run(started())


def test_a_container_that_is_not_there_says_so_and_hinders_no_other(alone: PackBench, code: Write) -> None:
    wanted = {**alone.wanted, "c": [location("z0", "c")]}
    alone.run(alone.hosting.use(wanted))
    with pytest.raises(
        StartFailed, match="container 'c' is not running: its image or a Secret may be missing"
    ):
        alone.start(alone.spec("z0", code(GOOD)), timeout_s=0.5)
    assert ping(alone.start(alone.spec("x0", code(GOOD))))
    alone.boxes["c"] = Container.start(alone.folder / "c")
    assert ping(alone.start(alone.spec("z0", code(GOOD))))


def by_an_earlier_host(folder: Path, code: Path, *until_there: str, **env: str) -> str:
    """What a pack host said that started x0 and was killed, or was killed as soon as the file was there."""
    maker = PackBench.__new__(PackBench)  # only to make a spec
    maker.folder, maker._numbers = folder, iter(range(9))
    spec = json.dumps(dataclasses.asdict(maker.spec("x0", code, env=env)))
    command = [sys.executable, "-c", EARLIER_HOST, str(folder), spec, *until_there]
    done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(100))
    assert done.returncode == 9, done.stderr
    return done.stdout


@pytest.fixture
def orphaned(tmp_path: Path) -> Iterator[PackBench]:
    """A pack host that knows no container yet, beside container `a`."""
    (tmp_path / "r").mkdir()
    box = Container.start(tmp_path / "r" / "a")
    made = PackBench(tmp_path / "r", {}, unclaimed_s=60.0)
    made.boxes["a"] = box
    yield made
    made.close()


def test_a_new_pack_host_takes_up_what_an_earlier_one_left(orphaned: PackBench, code: Write) -> None:
    left = Child(**json.loads(by_an_earlier_host(orphaned.folder, code(GOOD + "print('before')\n"))))
    assert not orphaned.is_gone(left)
    orphaned.run(orphaned.hosting.use({"a": [location("x0", "a")]}))
    (adopted,) = orphaned.run(orphaned.hosting.adopt())
    assert adopted == left
    assert orphaned.run(orphaned.hosting.adopt()) == []
    assert ping(adopted)
    assert orphaned.run(orphaned.hosting.memory(adopted)).private > 0
    orphaned.stop(adopted)
    assert orphaned.is_gone(adopted)
    assert [(one.status, one.expected) for one in orphaned.exits] == [(0, True)]
    assert "before\n" in orphaned.boxes["a"].text()
    assert "before\n" in orphaned.log("x0")


def test_what_a_location_of_another_container_left_is_not_believed(orphaned: PackBench, code: Write) -> None:
    left = Child(**json.loads(by_an_earlier_host(orphaned.folder, code(GOOD))))
    orphaned.run(orphaned.hosting.use({"a": [location("y0", "a")]}))
    assert orphaned.run(orphaned.hosting.adopt()) == []
    until(lambda: orphaned.is_gone(left), 20, "it is ended")


def test_a_pack_host_that_dies_while_it_starts_a_child_leaves_one_that_the_next_ends(
    orphaned: PackBench, code: Write, tmp_path: Path
) -> None:
    pids = str(tmp_path / "pids")
    by_an_earlier_host(orphaned.folder, code(orphaned.texts.hangs), pids, PIDS=pids)
    pid = int(until(lambda: Path(pids).read_text(), 20, "it says its pid"))
    orphaned.run(orphaned.hosting.use({"a": [location("x0", "a")]}))
    assert orphaned.run(orphaned.hosting.adopt()) == []
    until(lambda: orphaned.boxes["a"].outside(pid) is None, 20, "it is ended")


def test_a_connection_that_breaks_is_made_again_and_nothing_ends(alone: PackBench, code: Write) -> None:
    child = alone.start(alone.spec("x0", code(GOOD)))
    before = alone.state("a").started

    async def cut() -> None:
        link = alone.hosting._containers["a"].machine._link
        link._link._sock.shutdown(2)
        await link.gone.wait()

    alone.run(cut())
    alone.until(lambda: alone.state("a").connected, "it is connected again")
    assert alone.state("a").started == before
    assert ping(child)
    assert exits_of(alone, child) == []
    alone.kill(child)
    (ended,) = alone.until(lambda: exits_of(alone, child), "the exit is told")
    assert ended.status == -signal.SIGKILL


def test_lines_are_plain_where_one_location_prints_and_told_apart_where_several_do(
    pack: PackBench, code: Write
) -> None:
    text = GOOD + "print('schön\\nline two')\nimport sys\nprint('to stderr', file=sys.stderr)\n"
    wanted = {"a": [location("x0", "a")], "b": [location("f0", "b", owner="team"), location("f1", "b")]}
    pack.run(pack.hosting.use(wanted))
    for name in ("x0", "f0", "f1"):
        pack.start(pack.spec(name, code(text)))
        assert "schön\nline two\n" in pack.log(name)
        assert "to stderr\n" in pack.log(name)
    assert "schön\nline two\n" in pack.boxes["a"].text()
    said = lines(pack.boxes["b"].text())
    for name, owner in (("f0", "team"), ("f1", None)):
        mine = [one["line"] for one in said if (one["location"], one["owner"]) == (name, owner)]
        assert {"schön", "line two", "to stderr"} <= set(mine)


def test_an_agent_that_is_told_to_end_ends_its_children_first(tmp_path: Path, code: Write) -> None:
    pack = PackBench(tmp_path / "r", {"a": ["x0"]})
    text = GOOD + "import atexit\natexit.register(lambda: print('ended well', flush=True))\n"
    child = pack.start(pack.spec("x0", code(text)))
    box = pack.boxes["a"]
    os.kill(box.agent or 0, signal.SIGTERM)
    assert box.running.wait(scaled(20)) == 0
    (ended,) = pack.until(lambda: exits_of(pack, child), "the exit is told")
    assert ended.status == 0
    assert "ended well" in box.text()
    pack.close()


def test_what_ends_without_a_parent_is_reaped(alone: PackBench, code: Write, tmp_path: Path) -> None:
    text = GOOD + (
        "import os, subprocess\n"
        "open(os.environ['OUT'], 'w').write(subprocess.run(['sh', '-c', 'setsid sh -c \"sleep 0.1\" & echo $!'],"
        " stdout=subprocess.PIPE, text=True).stdout)\n"
    )
    alone.start(alone.spec("x0", code(text), env={"OUT": str(tmp_path / "pid")}))
    pid = int((tmp_path / "pid").read_text())
    until(lambda: alone.boxes["a"].outside(pid) is None, 20, "it was reaped")


def test_what_a_container_is(alone: PackBench, code: Write) -> None:
    facts = alone.hosting.facts("a")
    assert os.path.samefile(facts.dagster_python, sys.executable)
    assert (facts.uid, facts.gid, facts.cwd) == (os.getuid(), os.getgid(), "/")
    assert facts.python_version == ".".join(map(str, sys.version_info[:3]))
    assert "PATH" in facts.env_names
    assert alone.hosting.facts("none") is None


def test_ports_and_processor_time_of_a_child(alone: PackBench, code: Write) -> None:
    text = (
        GOOD
        + "import socket\nkept = socket.create_server(('127.0.0.1', 0))\nprint('port', kept.getsockname()[1])\n"
    )
    child = alone.start(alone.spec("x0", code(text)))
    port = int(alone.log("x0").rpartition("port ")[2].split()[0])
    assert port in alone.run(alone.hosting.listening(child))
    seconds = alone.run(alone.hosting.cpu_seconds(child))
    assert seconds is not None
    assert seconds > 0
    alone.stop(child)
    assert alone.run(alone.hosting.cpu_seconds(child)) is None


def test_a_memory_limit_ends_a_load(alone: PackBench, code: Write) -> None:
    spec = alone.spec("x0", code("kept = bytearray(300 << 20)\nimport time\ntime.sleep(600)\n"))
    with pytest.raises(StartFailed, match="its memory limit of 200 MiB is exceeded"):
        alone.start(dataclasses.replace(spec, memory_limit_bytes=200 << 20))


def test_what_cannot_be_started_is_said(alone: PackBench, code: Write) -> None:
    spec = alone.spec("x0", code(GOOD))
    for python, reason in (
        ("/nowhere/python", "interpreter '/nowhere/python' does not exist in container 'a'"),
        ("python9", "container 'a' has no interpreter 'python9' on its PATH"),
    ):
        with pytest.raises(StartFailed, match=reason):
            alone.start(dataclasses.replace(spec, python=python))
    with pytest.raises(StartFailed, match="working directory '/nowhere' does not exist in container 'a'"):
        alone.start(dataclasses.replace(spec, cwd="/nowhere"))


def test_a_link_in_place_of_an_agents_socket_leads_nowhere(alone: PackBench, code: Write) -> None:
    folder = alone.folder / "c"
    folder.mkdir()
    (folder / "agent.sock").symlink_to(alone.folder / "a" / "agent.sock")
    alone.run(alone.hosting.use({**alone.wanted, "c": [location("z0", "c")]}))
    assert not alone.state("c").connected


def test_another_user_can_reach_what_it_must_and_no_more(alone: PackBench, code: Write) -> None:
    child = alone.start(alone.spec("x0", code(GOOD)))
    folder = alone.folder / "a"
    shared = {path.name: path.lstat().st_mode & 0o777 for path in folder.iterdir()}
    assert shared == {"agent.sock": 0o666, "claim": 0o666, os.path.basename(child.socket): 0o666}
    assert (alone.folder / ".host").stat().st_mode & 0o777 == 0o700


def test_what_a_probe_was_seen_to_import_is_preloaded_next_time(pack: PackBench, code: Write) -> None:
    stands(pack)
    text = GOOD + "import xmlrpc.server\n"
    probe = pack.start(pack.spec("f0", code(text), purpose="probe"))
    assert probe.forked
    report = pack.run(pack.hosting.load_report(probe))
    assert report is not None
    assert "xmlrpc.server" in report.modules
    pack.stop(probe)

    async def preloaded() -> set[str]:
        (zygote,) = pack.hosting._containers["b"].hosting.living_zygotes()
        return set(zygote.built.modules)

    pack.until(lambda: "xmlrpc.server" in pack.run(preloaded()), "another zygote stands")
    assert pack.start(pack.spec("f1", code(text))).forked


def test_a_container_that_is_not_wanted_any_more_is_left_without_children(
    pack: PackBench, code: Write
) -> None:
    child = pack.start(pack.spec("x0", code(GOOD)))
    stays = pack.start(pack.spec("f0", code(GOOD)))
    pack.run(pack.hosting.use({"b": pack.wanted["b"]}))
    assert pack.is_gone(child)
    assert ping(stays)
    with pytest.raises(StartFailed, match="'x0' is in none of the containers"):
        pack.start(pack.spec("x0", code(GOOD)))
    pack.stop(child)
    assert pack.run(pack.hosting.memory(child)) is None


def test_two_processes_of_two_containers_are_not_one(pack: PackBench, code: Write) -> None:
    child = pack.start(pack.spec("x0", code(GOOD)))
    twin = dataclasses.replace(child, socket=child.socket.replace("/a/", "/b/"))
    assert twin.id != child.id
    pack.stop(twin)
    assert ping(child)
