"""The agent alone: what it costs, what it says, whom it starts; and the machine that it is for a hosting."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from packbench import GUEST, PATH, Container

from deadlines import scaled, until
from reef.guest import agent_json, agent_look
from reef.guest.agent_output import MOST_PENDING
from reef.hosting.machine import Variables
from reef.packs.agent_machine import AgentMachine
from reef.packs.agents import AgentGone, AgentLink

Talk = Callable[[AgentMachine], Coroutine[Any, Any, Any]]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Container]:
    made = Container.start(tmp_path / "c", {"SECRET": "geheim", "OWN": "container's"})
    yield made
    made.end()


def talk(box: Container, say: Talk) -> Any:
    async def talking() -> Any:
        machine = AgentMachine("c", lambda _location: None, lambda _child: None)
        await machine.connect(str(box.folder / "agent.sock"))
        try:
            return await say(machine)
        finally:
            await machine.disconnect()

    return asyncio.run(talking())


def sh(machine: AgentMachine, log: str, text: str, env: Variables | None = None) -> Coroutine[Any, Any, Any]:
    async def started() -> Any:
        with machine.output(log) as fd:
            return await machine.start(("/bin/sh", "-c", text), env or Variables({}), "", fd)

    return started()


def test_what_it_costs_while_it_waits(box: Container, tmp_path: Path) -> None:
    async def first(machine: AgentMachine) -> None:
        await (await sh(machine, str(tmp_path / "log"), "true")).dead()

    talk(box, first)
    until(lambda: _is_quiet(box), 20, "it sleeps for some hundred milliseconds")
    rollup = Path(f"/proc/{box.agent}/smaps_rollup").read_text()
    (own,) = (int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Anonymous:"))
    assert own < 4500  # kB; an interpreter that has imported nothing takes some 2700


def _is_quiet(box: Container) -> bool:
    before = _switches(box)
    subprocess.run([sys.executable, "-c", "import asyncio, json, ssl"], check=True)  # takes that long
    return _switches(box) == before


def _switches(box: Container) -> int:
    status = Path(f"/proc/{box.agent}/status").read_text()
    return sum(int(line.split()[1]) for line in status.splitlines() if "ctxt_switches" in line)


def test_values_of_variables_stay_in_the_container(box: Container) -> None:
    async def connected() -> Any:
        link = await AgentLink.connect(str(box.folder / "agent.sock"), lambda *_: None)
        await link.close()
        return link.hello

    hello = asyncio.run(connected())
    assert {"SECRET", "OWN", "PATH"} <= set(hello.env_names)
    assert "geheim" not in repr(hello)


def test_a_started_process_has_the_containers_variables_and_what_is_said_of_them(
    box: Container, tmp_path: Path
) -> None:
    env = Variables({"OWN": "given", "TEXT": "schön"}, {"SECRET": "default", "NEW": "default"}, ("PATH",))

    async def started(machine: AgentMachine) -> int | None:
        return await (
            await sh(machine, str(tmp_path / "log"), 'echo "$OWN $SECRET $NEW $TEXT"; exit 3', env)
        ).dead()

    assert talk(box, started) == 3
    assert (tmp_path / "log").read_text() == "given geheim default schön\n"
    assert box.text() == "given geheim default schön\n"


def test_ends_are_told_even_of_what_ends_at_once(box: Container, tmp_path: Path) -> None:
    async def many(machine: AgentMachine) -> list[int | None]:
        started = [await sh(machine, str(tmp_path / "log"), f"exit {number}") for number in range(30)]
        async with asyncio.timeout(scaled(20)):
            return [await one.dead() for one in started]

    assert talk(box, many) == list(range(30))


def test_what_ended_while_nobody_was_connected_is_told_to_the_next(box: Container, tmp_path: Path) -> None:
    async def broken(machine: AgentMachine) -> int | None:
        one = await sh(
            machine, str(tmp_path / "log"), f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; exit 5"
        )
        await machine.disconnect()
        (tmp_path / "go").touch()
        pid = box.outside(one.pid)
        async with asyncio.timeout(scaled(20)):
            while pid is not None and Path(f"/proc/{pid}").exists():
                await asyncio.sleep(0.02)
        await machine.connect(str(box.folder / "agent.sock"))
        async with asyncio.timeout(scaled(20)):
            status: int | None = await one.dead()
            return status

    assert talk(box, broken) == 5


def test_a_log_that_nobody_reads_holds_up_who_prints_and_not_the_agent(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    command = [sys.executable, "-I", "-S", str(GUEST / "agent.py"), "--folder", str(folder)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, env={"PATH": PATH})
    box = Container(folder, tmp_path / "none", running)
    until((folder / "agent.sock").exists, 10, "it listens")
    log = tmp_path / "log"
    size = 4 * MOST_PENDING

    async def flooded(machine: AgentMachine) -> int | None:
        one = await sh(machine, str(log), f"head -c {size} /dev/zero | tr '\\0' 'x'")
        async with asyncio.timeout(scaled(20)):
            while not log.exists() or log.stat().st_size < MOST_PENDING:
                await asyncio.sleep(0.02)
            assert await machine.resident_bytes(one.pid) > 0
        assert log.stat().st_size < size
        assert running.stdout is not None
        reading = asyncio.create_task(asyncio.to_thread(running.stdout.read, size))
        async with asyncio.timeout(scaled(20)):
            status = await one.dead()
            await reading
        return status

    try:
        assert talk(box, flooded) == 0
        assert log.stat().st_size == size
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(scaled(20)) == 0
        assert running.stdout is not None
        running.stdout.close()


def test_what_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    box = Container.start(folder)

    async def ignoring(machine: AgentMachine) -> int:
        one = await sh(
            machine, str(tmp_path / "log"), "trap '' TERM; echo ready; while true; do sleep 1; done"
        )
        async with asyncio.timeout(scaled(20)):
            while not (tmp_path / "log").exists() or "ready" not in (tmp_path / "log").read_text():
                await asyncio.sleep(0.02)
        return box.outside(one.pid) or 0

    pid = talk(box, ignoring)
    box.end()
    assert box.running.returncode == 0
    until(lambda: not Path(f"/proc/{pid}").exists(), 20, "it was killed")


def test_a_message_that_makes_no_sense_is_refused(box: Container) -> None:
    async def asked(machine: AgentMachine) -> Any:
        with pytest.raises(OSError, match="AttributeError"):
            await machine._agent().ask({"op": "dance"})
        with pytest.raises(OSError, match="KeyError"):
            await machine._agent().ask({"op": "spawn"})
        return await machine.resident_bytes(1)

    assert talk(box, asked) >= 0


def test_nobody_answers_where_an_agent_was(tmp_path: Path) -> None:
    box = Container.start(tmp_path / "c")
    box.kill()

    async def connect() -> None:
        await AgentLink.connect(str(box.folder / "agent.sock"), lambda *_: None)

    with pytest.raises(AgentGone, match="Connection refused") as gone:
        asyncio.run(connect())
    assert gone.value.surely


def test_how_it_is_called() -> None:
    for arguments, said in (
        ([], "usage:"),
        (["--folder"], "usage:"),
        (
            ["--folder", "/proc/nowhere/at/all"],
            "cannot listen in '/proc/nowhere/at/all': No such file or directory",
        ),
        (["--folder", "/tmp", "--grace", "long"], "--grace 'long' is not a number of seconds"),
    ):
        command = [sys.executable, "-I", "-S", str(GUEST / "agent.py"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(20))
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "first",
    [
        "#!{python}\nimport x",
        "#!{python} -sE\nimport x",
        "#!/usr/bin/env python-of-image\nimport x",
        "#!/usr/bin/env -S python-of-image -s\nimport x",
        "#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\nimport x",
        "#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''\nimport x",
    ],
)
def test_the_interpreter_that_has_dagster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    python = tmp_path / "python-of-image"
    for path, text in ((python, ""), (tmp_path / "dagster", first.format(python=python))):
        path.write_text(text)
        path.chmod(0o755)
    monkeypatch.setattr(agent_look, "variables", lambda: {b"PATH": os.fsencode(tmp_path)})
    assert agent_look.interpreter() == str(python)
    assert agent_look.interpreter("python-of-image") == str(python)
    assert agent_look.interpreter("python-of-none") == ""


def test_without_dagster_it_is_python3_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_look, "variables", lambda: {b"PATH": os.fsencode(tmp_path)})
    assert agent_look.interpreter() == ""
    (tmp_path / "dagster").write_bytes(b"\x7fELF\x00\xff")
    for name in ("python3", "dagster"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o755)
    assert agent_look.interpreter() == str(tmp_path / "python3")


def test_names_that_hide_what_is_installed(tmp_path: Path) -> None:
    for path in (
        "yaml.py",
        "native.cpython-311-x86_64-linux-gnu.so",
        "notes.txt",
        "pkg/__init__.py",
        "data/a.csv",
    ):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    assert {"yaml", "native", "pkg"} == set(agent_look.own_names([str(tmp_path), "/nowhere"])) - set(
        agent_look.own_names([])
    )


def test_its_json_is_json() -> None:
    value = {
        "text": 'a "quoted" \\ line\n\t\x00 \x1f schön 日本 \U0001f600 ' + os.fsdecode(b"\xff"),
        "none": None,
        "bools": [True, False],
        "numbers": (0, -7, 1.5, 1 << 60),
        "inner": {"a b": {}, "": []},
    }
    assert json.loads(agent_json.as_json(value)) == json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"[1]", None),
        (b'{"protocol": 1, "started": 7}', None),
        (b"not json", None),
        (b'{"protocol": 2}', None),
        (None, b'{"event": "exit", "pid": "seven"}'),
        (None, b"\xff\xff"),
        (None, b'{"event": "answer"}'),
    ],
)
def test_what_a_container_says_in_an_agents_place_ends_the_connection_and_nothing_else(
    tmp_path: Path, first: bytes | None, then: bytes | None
) -> None:
    hello = {
        "protocol": 1,
        **dict.fromkeys(("started", "guest", "python_version", "dagster_python", "cwd"), "x"),
        **dict.fromkeys(("pid", "uid", "gid"), 1),
        **{name: [] for name in ("groups", "env_names", "children", "ended")},
    }
    said = [json.dumps(hello).encode() if first is None else first, *([then] if then is not None else [])]

    async def connected() -> None:
        serving = asyncio.create_task(asyncio.to_thread(_in_its_place, listener, said))
        link = await AgentLink.connect(str(tmp_path / "agent.sock"), lambda _ended: None)
        async with asyncio.timeout(scaled(10)):
            await link.gone.wait()
        await link.close()
        await serving

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "agent.sock"))
        listener.listen()
        if then is not None:
            asyncio.run(connected())
            return
        with pytest.raises(AgentGone, match=r"is not understood|speaks protocol 2, not 1") as gone:
            asyncio.run(connected())
    assert not gone.value.surely


def _in_its_place(listener: socket.socket, said: list[bytes]) -> None:
    """What it says to who connects first, until that one hangs up."""
    peer, _address = listener.accept()
    with peer:
        for body in said:
            peer.sendall(len(body).to_bytes(4, "big") + body)
        assert peer.recv(1) == b""
