"""Children of another virtual environment than their zygote's (common set)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hosts import Host, child_env, until
from states import STATE, comparable, launch, make_home, plain_server, read, run_status

from deadlines import scaled
from reef.hosting.plan import Rebase, ZygotePlan

ASK = """
import json, site, sys
names = ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix")
print(json.dumps({**{n: getattr(sys, n) for n in names}, "sys_path": sys.path, "site_dirs": site.getsitepackages()}))
"""

LOCATION = (
    STATE
    + """
import importlib.metadata, importlib.resources, sysconfig
import dagster as dg, only_here, from_pth, from_hook
import dagster._core.executor.init, dagster_shared.utils.warnings, alembic.util.editor

def more():
    packages = {n: list(m.__path__) for n, m in sys.modules.items() if type(getattr(m, "__path__", None)) is list}
    base = os.environ["OTHER_SITE"]
    return {
        "outside": sorted(n for n, p in packages.items() if "site-packages" in str(p) and base not in str(p)),
        "version": importlib.metadata.version("only-here"),
        "dagster": importlib.metadata.version("dagster"),
        "places": [str(importlib.metadata.distribution("dagster").locate_file("")), dagster_file()],
        "resource": importlib.resources.files("dagster").joinpath("py.typed").exists(),
        "purelib": sysconfig.get_path("purelib"),
        "only_here": only_here.__file__,
    }

def dagster_file():
    return os.path.dirname(os.path.dirname(dg.__file__))

base_state = state
def state():
    return {**base_state(), **more()}

@dg.op
def tell():
    import only_here
    write("run")

@dg.job(executor_def=dg.in_process_executor)
def telling():
    tell()

defs = dg.Definitions(jobs=[telling])
if "--multiprocessing-fork" not in sys.orig_argv:
    write("load")
"""
)


@pytest.fixture(scope="module")
def other_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A venv with the very distributions of the tests' own, and more."""
    root = tmp_path_factory.mktemp("v") / "other"
    venv.create(root, symlinks=True)
    (site,) = (root / "lib").glob("python*/site-packages")
    (own,) = [path for path in sys.path if path.endswith("site-packages") and path.startswith(sys.prefix)]
    site.rmdir()
    subprocess.run(["cp", "-al", own, str(site)], check=True)
    for editable in (*site.glob("*reef*.pth"), *site.glob("__editable__*")):
        editable.unlink()
    (site / "only_here.py").write_text("VALUE = 1")
    (site / "only_here-2.5.dist-info").mkdir()
    (site / "only_here-2.5.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: only-here\nVersion: 2.5\n"
    )
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "from_pth.py").write_text("")
    (site / "by_path.pth").write_text(f"{elsewhere}\n")
    (site / "by_hook.pth").write_text(
        "import sys, types; sys.modules['from_hook'] = types.ModuleType('from_hook')\n"
    )
    return str(root / "bin" / "python")


def rebase_of(python: str) -> Rebase:
    said = json.loads(subprocess.run([python, "-I", "-c", ASK], capture_output=True, check=True).stdout)
    lines: list[str] = []
    for site in said["site_dirs"]:
        for file in sorted(Path(site).glob("*.pth")):
            lines += [
                line for line in file.read_text().splitlines() if line.startswith(("import ", "import\t"))
            ]
    said = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    return Rebase(**said, pth_imports=tuple(lines))


@pytest.fixture(scope="module")
def host_of_two(
    tmp_path_factory: pytest.TempPathFactory, other_python: str, modules: tuple[str, ...]
) -> Iterator[Host]:
    import site

    made = Host(tmp_path_factory.mktemp("two") / "h")
    plan = ZygotePlan(
        "two",
        sys.executable,
        child_env(),
        modules,
        ("own", "other"),
        shared=modules,
        site_dirs=tuple(site.getsitepackages()),
        rebase={"other": rebase_of(other_python)},
    )
    made.run(made.hosting.use([plan]))
    yield made
    made.close()


def states(host: Host, python: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    home = make_home(folder / "home")
    (folder / "location.py").write_text(LOCATION)
    site = str(Path(python).parent.parent / "lib")
    found = []
    for kind in ("forked", "plain"):
        (folder / kind).mkdir()
        env = child_env(DAGSTER_HOME=str(home), STATES=str(folder / kind), OTHER_SITE=site)
        if kind == "forked":
            child = host.start(host.spec("other", folder / "location.py", env=env, python=python))
            assert child.forked
            found.append(told(folder, kind, child.socket, home, env))
            host.stop(child, 0)
        else:
            socket = str(folder / "p.sock")
            args = ["--socket", socket, "-f", str(folder / "location.py"), "--location-name", "other"]
            with plain_server(args, folder, env, python):
                until(lambda: os.path.exists(socket), "the plain server listens", 60)  # noqa: B023
                found.append(told(folder, kind, socket, home, env))
    return found[0], found[1]


def told(folder: Path, kind: str, socket: str, home: Path, env: dict[str, str]) -> dict[str, Any]:
    load = comparable(read(folder / kind, "load"), folder / kind, socket)
    run_id = launch(socket, home, "telling", env)
    run = comparable(read(folder / kind, "run"), folder / kind, socket)
    until(lambda: run_status(home, run_id) == "SUCCESS", "the run succeeds", 60)
    return {"load": load, "run": run}


def test_a_child_of_another_environment_is_as_if_started_there(
    host_of_two: Host, other_python: str, tmp_path: Path
) -> None:
    forked, plain = states(host_of_two, other_python, tmp_path)
    assert forked["load"] == plain["load"]
    assert forked["run"] == plain["run"]
    load = forked["load"]
    assert load["outside"] == []
    assert load["version"] == "2.5"
    assert load["executable"] == other_python
    assert load["spawn"] == other_python


def test_its_repositories_name_its_own_interpreter(
    host_of_two: Host, other_python: str, tmp_path: Path
) -> None:
    import grpc

    (tmp_path / "location.py").write_text("import dagster as dg\ndefs = dg.Definitions()")
    spec = host_of_two.spec("other", tmp_path / "location.py", python=other_python)
    child = host_of_two.start(spec)
    with grpc.insecure_channel(f"unix:{child.socket}") as channel:
        reply: bytes = channel.unary_unary("/api.DagsterApi/ListRepositories", None, None)(
            b"", timeout=scaled(20)
        )
    host_of_two.stop(child, 0)
    assert f'"executable_path": "{other_python}"'.encode() in reply
    assert sys.executable.encode() not in reply


def test_the_zygote_s_own_location_is_not_touched(
    host_of_two: Host, tmp_path: Path, code: Callable[[str], Path]
) -> None:
    text = STATE + "import dagster as dg\nwrite('load')\ndefs = dg.Definitions()"
    child = host_of_two.start(host_of_two.spec("own", code(text), env=child_env(STATES=str(tmp_path))))
    host_of_two.stop(child, 0)
    assert read(tmp_path, "load")["executable"] == sys.executable
