"""What a zygote is made of, and what is kept out of it (invariants 2 and 3)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hosts import GOOD, Host, alive, child_env, state_of, until

from reef.hosting import slots
from reef.hosting.contract import Child, ChildSpec
from reef.hosting.machine import Machine
from reef.hosting.plan import ZygotePlan
from reef.hosting.zygote import Tuning, Zygote

Write = Callable[[str], Path]
BARE = Tuning(rehearsal=False, plug=False, immortal=False)

STARTS_A_THREAD = (
    "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
)
MODULES = {
    "quiet": "VALUE = 1",
    "threaded": STARTS_A_THREAD,
    "uses_threaded": "import threaded",
    "listens": "import socket\nKEPT = socket.socket()",
    "handles": "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: None)",
    "spawns": "import subprocess, sys\nKEPT = subprocess.Popen(['sleep', '600'])",
    "moves": "import os\nos.chdir('/tmp')",
    "breaks": "raise RuntimeError('not today')",
    "leaves": "raise SystemExit(3)",
    "forbidden": "VALUE = 2",
    "uses_forbidden": "import forbidden",
    "dies": "import os\nos._exit(9)",
}


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path / "b", tuning=BARE)
    yield made
    made.close()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A virtual environment with our modules in it, without Dagster."""
    import venv

    venv.create(tmp_path / "venv", symlinks=True)
    (folder,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    for name, text in MODULES.items():
        (folder / f"{name}.py").write_text(text)
    return tmp_path / "venv" / "bin" / "python"


def plan(
    python: Path | str, *modules: str, key: str = "k", locations: tuple[str, ...] = ("a",), **more: object
) -> ZygotePlan:
    return ZygotePlan(key, str(python), child_env(), modules, locations, **more)  # type: ignore[arg-type]


def zygote(host: Host) -> Zygote:
    (living,) = host.hosting.living_zygotes()
    return living


def test_invariant_2_what_a_fork_must_not_inherit_is_left_out(bare: Host, site: Path) -> None:
    names = (
        "quiet",
        "threaded",
        "uses_threaded",
        "listens",
        "handles",
        "spawns",
        "moves",
        "breaks",
        "leaves",
    )
    bare.run(bare.hosting.use([plan(site, *names)]))
    built = zygote(bare).built
    assert {name: why.words for name, why in built.left_out.items()} == {
        "threaded": "starts a thread",
        "uses_threaded": "imports threaded, which starts a thread",
        "listens": "opens a socket",
        "handles": "changes signal handlers",
        "spawns": "starts a process",
        "moves": "changes the working directory",
    }
    assert built.failed == {"breaks": "RuntimeError: not today", "leaves": "SystemExit: 3"}
    assert built.modules["quiet"].endswith("/quiet.py")
    assert "threaded" not in built.modules
    assert len(os.listdir(f"/proc/{zygote(bare).process.pid}/task")) == 1


def test_invariant_3_a_module_that_brings_an_unwanted_one_is_left_out(bare: Host, site: Path) -> None:
    bare.run(bare.hosting.use([plan(site, "uses_forbidden", "quiet", never=("forbidden",))]))
    built = zygote(bare).built
    assert {name: why.words for name, why in built.left_out.items()} == {
        "uses_forbidden": "imports forbidden"
    }
    assert "forbidden" not in built.modules


def test_a_zygote_that_dies_while_it_is_built_is_told(bare: Host, site: Path, code: Write) -> None:
    bare.run(bare.hosting.use([plan(site, "dies")]))
    assert bare.hosting.living_zygotes() == []
    child = bare.start(bare.spec("a", code(GOOD)))
    assert not child.forked
    reason = bare.hosting.not_forked_because("a")
    assert reason is not None
    assert "died with status 9" in reason
    bare.stop(child, 0)


def test_a_rehearsal_that_fails_is_only_left_out(tmp_path: Path, site: Path) -> None:
    """This environment has no Dagster; another's rehearsal hangs, or crashes the process."""
    (folder,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    host = Host(tmp_path / "r")
    try:
        host.run(host.hosting.use([plan(site, "quiet", key="none")]))
        assert "rehearsal" not in zygote(host).built.features
        (folder / "dagster").mkdir()
        (folder / "dagster" / "__init__.py").write_text("")
        (folder / "dagster" / "__main__.py").write_text("import os; os._exit(11)")
        host.run(host.hosting.use([plan(site, "quiet", key="crashes")]))
        assert "rehearsal" not in zygote(host).built.features
        text = "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
        (folder / "dagster" / "__main__.py").write_text(text)
        host.run(host.hosting.use([plan(site, "quiet", key="thread")]))
        assert "rehearsal" not in zygote(host).built.features
        assert "plugged" in zygote(host).built.features
    finally:
        host.close()


def test_an_interpreter_that_is_not_there(bare: Host) -> None:
    bare.run(bare.hosting.use([plan("/nonexistent/python", "json")]))
    assert bare.hosting.living_zygotes() == []


def test_a_new_plan_s_zygote_comes_before_the_old_one_goes(bare: Host, site: Path) -> None:
    bare.run(bare.hosting.use([plan(site, "quiet", key="old")]))
    old = zygote(bare)
    bare.run(bare.hosting.use([plan(site, "quiet", key="old", locations=("a", "b"))]))
    assert zygote(bare) is old
    assert bare.hosting.zygotes()[0].locations == ("a", "b")
    bare.run(bare.hosting.use([plan(site, "forbidden", key="new")]))
    assert zygote(bare).plan.key == "new"
    assert not alive(old.process.pid)
    bare.run(bare.hosting.use([], {"a": "none pays"}))
    assert bare.hosting.zygotes() == []
    assert bare.hosting.not_forked_because("a") == "none pays"


def test_a_killed_zygote_is_built_again(bare: Host, site: Path) -> None:
    bare.run(bare.hosting.use([plan(site, "quiet")]))
    first = zygote(bare).process.pid
    os.kill(first, signal.SIGKILL)
    until(
        lambda: [one for one in bare.hosting.living_zygotes() if one.process.pid != first], "another zygote"
    )
    assert state_of(first) == "gone"


def test_what_only_counts_at_exec_keeps_a_location_from_forking(bare: Host, site: Path, code: Write) -> None:
    bare.run(bare.hosting.use([plan(site, "quiet")]))
    child = bare.start(
        bare.spec("a", code(GOOD), env=child_env(LD_LIBRARY_PATH="/opt/x", PYTHONHASHSEED="7"))
    )
    assert not child.forked
    reason = bare.hosting.not_forked_because("a") or ""
    assert reason.startswith("LD_LIBRARY_PATH, PYTHONHASHSEED differs from its zygote's")
    bare.stop(child, 0)


def test_a_fork_may_be_refused_each_time(tmp_path: Path, site: Path, code: Write) -> None:
    reasons = iter(["a file of the zygote has changed"])
    host = Host(tmp_path / "r", tuning=BARE, refuse_fork=lambda _plan, _location: next(reasons, None))
    try:
        host.run(host.hosting.use([plan(sys.executable, locations=("a",))]))
        child = host.start(host.spec("a", code(GOOD)))
        assert not child.forked
        assert host.hosting.not_forked_because("a") == "a file of the zygote has changed"
        again = host.start(host.spec("a", code(GOOD)))
        assert again.forked
        assert host.hosting.not_forked_because("a") is None
    finally:
        host.close()


def test_a_root_of_its_own_is_for_packs(bare: Host, code: Write) -> None:
    spec = bare.spec("a", code(GOOD))
    other = ChildSpec(**{**spec.__dict__, "root": "/images/a"})
    with pytest.raises(Exception, match="root '/images/a'"):
        bare.start(other)


def test_a_zygote_whose_successor_cannot_be_built_stays(bare: Host, site: Path) -> None:
    bare.run(bare.hosting.use([plan(site, "quiet", key="old")]))
    old = zygote(bare)
    bare.run(bare.hosting.use([plan(site, "dies", key="new")]))
    assert zygote(bare) is old
    assert alive(old.process.pid)
    (status,) = bare.hosting.zygotes()
    assert "died with status 9" in (status.successor_failed or "")
    assert bare.hosting.not_forked_because("a") is None
    bare.run(bare.hosting.use([plan(site, "quiet", key="old")]))
    (status,) = bare.hosting.zygotes()
    assert status.successor_failed is None


def test_who_waits_for_a_zygote_gets_the_one_that_takes_its_place(
    bare: Host, code: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dead one is being built again when another plan comes."""
    spec, real, began = bare.spec("a", code(GOOD)), slots.build, asyncio.Event()

    async def endless(given: ZygotePlan, log: str, tuning: Tuning, machine: Machine) -> Zygote:
        """Stands for a build that takes long."""
        if given.key == "old":
            began.set()
            await asyncio.Event().wait()
        return await real(given, log, tuning, machine)

    async def meanwhile() -> Child:
        await began.wait()
        starting = asyncio.create_task(bare.hosting.start(spec, 60.0))
        await bare.hosting.use([plan(sys.executable, "json", key="new")])
        return await starting

    bare.run(bare.hosting.use([plan(sys.executable, "json", key="old")]))
    monkeypatch.setattr(slots, "build", endless)
    os.kill(zygote(bare).process.pid, signal.SIGKILL)
    child = bare.run(meanwhile())
    assert child.forked
    bare.stop(child, 0)


def test_a_plan_that_asks_for_what_was_built_needs_no_other_zygote(bare: Host, site: Path) -> None:
    bare.run(bare.hosting.use([plan(site, "quiet", "threaded", key="first")]))
    built = zygote(bare)
    assert set(built.built.left_out) == {"threaded"}
    bare.run(bare.hosting.use([plan(site, "quiet", key="second")]))
    assert zygote(bare) is built
    assert bare.hosting.zygotes()[0].key == "second"


def test_what_starts_a_thread_is_left_out_in_one_round(bare: Host, site: Path) -> None:
    bare.run(bare.hosting.use([plan(site, "quiet", "uses_threaded", "threaded")]))
    assert zygote(bare).built.rounds == 2
