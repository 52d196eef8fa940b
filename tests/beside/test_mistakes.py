"""What a person can have wrong about webserver, daemon and instance: exit status 2, one message, a hint."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from lone import lone_python
from reefs import Reef, processes_mentioning, until, write_location

from deadlines import scaled

pytestmark = pytest.mark.timeout(180)


def refused(reef: Reef) -> str:
    assert reef.process.wait(scaled(90)) == 2, reef.said()
    assert "Traceback" not in reef.said()
    assert processes_mentioning(str(reef.state)) == {}
    return reef.said()


def test_a_port_that_somebody_else_has(folder: Path, workspace: Path, reefs: list[Reef]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        reef = Reef("up", workspace, folder / "s", port=other.getsockname()[1])
        reefs.append(reef)
        said = refused(reef)
    assert (
        f"port {reef.port} of the webserver cannot be listened on at 127.0.0.1: Address already in use"
        in said
    )
    assert "hint: choose another with --port" in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not a folder"),
        ("storage: [", "dagster.yaml: cannot be read"),
        ("- a list", "dagster.yaml: must be a mapping of settings"),
        ("no_such_setting: 1", "Dagster cannot open its instance"),
    ],
)
def test_an_instance_that_is_none(
    folder: Path, workspace: Path, reefs: list[Reef], content: str | None, message: str
) -> None:
    home = folder / "home"
    if content is not None:
        home.mkdir()
        (home / "dagster.yaml").write_text(content)
    reef = Reef("up", workspace, folder / "s", "--dagster-home", str(home))
    reefs.append(reef)
    said = refused(reef)
    assert message in said
    assert "hint:" in said or "dagster.yaml:" in said


def test_no_interpreter_has_a_webserver(folder: Path) -> None:
    write_location(folder / "sales", "sales")
    lone = lone_python(folder / "lone")
    (folder / "workspace.yaml").write_text("load_from:\n- python_file: sales/defs.py\n")
    command = [
        lone,
        "-m",
        "reef.cli.main",
        "up",
        str(folder / "workspace.yaml"),
        "--state-dir",
        str(folder / "s"),
    ]
    done = subprocess.run(
        [*command, "--python", lone],
        capture_output=True,
        text=True,
        timeout=scaled(90),
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 2, done.stderr
    assert f"no interpreter has 'dagster_webserver' (looked at: {lone})" in done.stderr
    assert "hint: pip install 'dagster-reef[dagster]'" in done.stderr
    assert "--no-webserver" in done.stderr
    assert "Traceback" not in done.stderr
    assert processes_mentioning(str(folder)) == {}


def test_a_reef_without_dagster_serves_a_fleet_of_another_interpreter(
    folder: Path, reefs: list[Reef], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reef forces no Dagster on anybody: webserver, daemon and locations are of the fleet's interpreter."""
    write_location(folder / "sales", "sales")
    lone = lone_python(folder / "lone")
    for word in ("dagster", "dagster_webserver"):
        assert subprocess.run([lone, "-c", f"import {word}"], capture_output=True).returncode
    spec = folder / "reef.yaml"
    python = sys.executable
    spec.write_text(f"defaults: {{python: {python}}}\nlocations:\n  sales: {{code: sales/defs.py}}\n")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", lone)
        reef = Reef("up", spec, folder / "s", env={"PATH": "/usr/bin:/bin"}, storages=True)
    reefs.append(reef)
    reef.until_up()
    until(lambda: reef.entries().get("sales"))
    reef.command("wake", "sales")
    assert reef.row("sales")["forked"] is True
