"""What `reef doctor-pod` does, beside a real agent: a folder stands for the container, a Python for its image."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from deadlines import scaled, until
from reef.doctor.in_pod import AGENT, Told, examined
from reef.hosting.launch import GUEST
from reef.peers.diagnosis import DoctorOrder
from reef.peers.messages import PackLocation

pytestmark = pytest.mark.timeout(300)

HEAVY = "ballast = list(range(2_000_000))\n"
DEFS = """
import dagster as dg
import heavy


@dg.asset
def orders() -> int:
    return len(heavy.ballast)


defs = dg.Definitions(assets=[orders])
"""

Examine = Callable[..., Told]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What would be the image's WORKDIR."""
    folder = tmp_path / "app"
    folder.mkdir()
    return folder


@pytest.fixture
def examine(image: Path, tmp_path: Path) -> Iterator[Examine]:
    folder = tmp_path / "r"
    folder.mkdir()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REEF_")}
    agent = subprocess.Popen(
        [sys.executable, "-I", "-S", f"{GUEST}/agent.py", "--folder", str(folder), "--grace", "1"],
        cwd=image,
        env={**environ, "PATH": f"{os.path.dirname(sys.executable)}:{environ['PATH']}", "TEAM": "a"},
    )
    until(lambda: (folder / AGENT).exists(), 30, "for the agent")

    def work(target: dict[str, str], env: dict[str, str] | None = None, timeout_s: float = 180.0) -> Told:
        location = PackLocation(
            name="sales",
            container="location",
            version="v1",
            grpc_args=(),
            python=sys.executable,
            env=env or {},
        )
        order = DoctorOrder(
            location=location,
            name="Sales",
            target=target,
            packed=True,
            start_s=scaled(30),
            timeout_s=scaled(timeout_s),
        )
        told = asyncio.run(examined(order, folder, tmp_path))
        return msgspec.json.decode(msgspec.json.encode(told), type=Told)

    yield work
    if agent.poll() is None:
        agent.kill()
    agent.wait(scaled(30))


def write(image: Path, **files: str) -> None:
    for name, text in files.items():
        (image / f"{name}.py").write_text(text)


@pytest.fixture
def packages(image: Path) -> Path:
    """Of the image, with a heavy library."""
    folder = image / "lib" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "heavy.py").write_text(HEAVY)
    return folder


def test_a_heavy_import_is_found_by_file_and_line(image: Path, packages: Path, examine: Examine) -> None:
    write(image, defs=DEFS)
    told = examine({"python_file": "defs.py"}, env={"PYTHONPATH": str(packages)})
    assert (told.diagnosis.location, told.diagnosis.trouble) == ("Sales", ())
    (found,) = told.diagnosis.findings
    assert (found.kind, found.file, found.line) == ("import", str(image / "defs.py"), 3)
    assert (found.needed, found.measured, found.statement) == ("run", True, "import heavy")
    assert 60e6 < found.costs.private_bytes < 100e6
    assert told.flame is not None


def test_a_package_that_is_installed_in_the_image_is_its_own(packages: Path, examine: Examine) -> None:
    (packages / "sales").mkdir()
    (packages / "sales" / "__init__.py").write_text("")
    (packages / "sales" / "defs.py").write_text(DEFS)
    told = examine({"module_name": "sales.defs"}, env={"PYTHONPATH": str(packages)})
    (found,) = told.diagnosis.findings
    assert (found.kind, found.file, found.line) == ("import", str(packages / "sales" / "defs.py"), 3)


def test_a_container_that_ends_is_said_with_the_line(image: Path, examine: Examine) -> None:
    """As where the kernel ends all of it for want of memory."""
    write(image, defs="import os\n\n[os.kill(each, 9) for each in (os.getppid(), os.getpid())]\n")
    told = examine({"python_file": "defs.py"})
    (trouble,) = told.diagnosis.trouble
    assert (trouble.file, trouble.line) == (str(image / "defs.py"), 3)
    assert trouble.kind in ("crash", "exit")


def test_a_location_that_does_not_load_says_where(image: Path, examine: Examine) -> None:
    write(image, defs="import os\n\nraise RuntimeError(os.environ['TEAM'])\n")
    told = examine({"python_file": "defs.py"})
    (trouble,) = told.diagnosis.trouble
    assert (trouble.kind, trouble.line) == ("error", 3)
    assert "RuntimeError: a" in trouble.message


def test_a_load_that_hangs_is_ended(image: Path, examine: Examine) -> None:
    write(image, defs="import threading\n\nthreading.Event().wait()\n")
    told = examine({"python_file": "defs.py"}, timeout_s=scaled(10.0))
    (trouble,) = told.diagnosis.trouble
    assert (trouble.kind, trouble.line) == ("timeout", 3)
