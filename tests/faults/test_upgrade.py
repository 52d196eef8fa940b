"""`pip install -U` under a running zygote: what is woken has the new version, whole (invariant 3)."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eyes import Eyes, telling, write
from reefs import Reef, until

from reef.demo.venvs import Environment, make_environments

pytestmark = pytest.mark.timeout(200)

PARTS = 400  # so many that preloading them is worth a new zygote
SOURCE = """
from importlib import import_module
VERSION = {version}
for number in range({parts}): import_module(f"tinylib.part{{number}}")

def late():
    from tinylib import part
    return part.VERSION
"""
READS = """
from importlib.machinery import PathFinder
PRELOADED = type(PathFinder.find_spec("tinylib").loader).__module__.startswith("_reef_guest")
import tinylib
"""  # what a zygote has preloaded is not in `sys.modules` before it is imported


def install(python: str, version: int) -> None:
    """What an installer does: the old files go, the new ones come."""
    site = next(Path(python).parents[1].glob("lib/python*/site-packages"))
    for old in site.glob("tinylib*"):
        shutil.rmtree(old)
    files = {f"tinylib/part{number}.py": "" for number in range(PARTS)}
    files["tinylib/part.py"] = f"VERSION = {version}\n"
    files["tinylib/__init__.py"] = SOURCE.format(version=version, parts=PARTS)
    info = f"tinylib-{version}.0.dist-info"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: tinylib\nVersion: {version}.0\n"
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    for name, text in files.items():
        write(site / name, text)


def test_invariant_3_after_an_upgrade_nobody_gets_the_old_version_or_a_mix(
    folder: Path, start: Callable[..., Reef]
) -> None:
    python = make_environments(sys.executable, folder, [Environment("venv")]).pythons["venv"]
    install(python, 1)
    lines = ["locations:"]
    for name in ("one", "two"):
        more = '"versions": [tinylib.VERSION, tinylib.late()], "preloaded": PRELOADED,'
        write(folder / name / "defs.py", telling(name, before=READS, more=more))
        lines += [f"  {name}: {{code: {name}/defs.py, python: {python}}}"]
    write(folder / "neighbour" / "defs.py", telling("neighbour"))
    lines += [f"  neighbour: {{code: neighbour/defs.py, python: {python}, idle_timeout: never}}"]
    write(folder / "reef.yaml", "\n".join([*lines, ""]))
    reef = start("serve", folder / "reef.yaml", folder / "s").until_up()
    eyes = {name: Eyes(reef, name) for name in ("one", "two", "neighbour")}
    ids = {name: each.server_id() for name, each in eyes.items()}

    neighbour = eyes["neighbour"].tick()["pid"]

    def woken() -> dict[str, Any]:
        reef.command("sleep", "one")
        return eyes["one"].tick()

    until(lambda: woken()["preloaded"], what="for the zygote to have learnt what they import")
    assert woken()["versions"] == [1, 1]
    reef.command("sleep", "one")
    install(python, 2)
    for name in ("one", "two"):
        told = eyes[name].tick()
        assert told["versions"] == [2, 2], name
    assert reef.row("one")["last_error"] is None
    again = until(
        lambda: told if (told := woken())["preloaded"] else {}, what="for the zygote to have the new one"
    )
    assert again["versions"] == [2, 2]

    # the neighbour does not import it, is warm all the time, and does not notice
    assert eyes["neighbour"].tick()["pid"] == neighbour
    assert eyes["neighbour"].server_id() == ids["neighbour"]
    for name in ("one", "two"):
        until(lambda: eyes[name].server_id() != ids[name], what="for Dagster to be told")  # noqa: B023
