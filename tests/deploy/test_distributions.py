"""A shared library that is an installed distribution: its upgrade is a change of every location of that environment."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reefs import Reef

pytestmark = pytest.mark.timeout(240)


def environment(folder: Path) -> Path:
    """A virtual environment that has what this one has; its site-packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    (site / "below.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return site


def install(site: Path, version: str) -> None:
    for old in site.glob("acme_lib*"):
        subprocess.run(["rm", "-r", str(old)], check=True)
    (site / "acme_lib.py").write_text(f"JOBS = ['made_by_{version.replace('.', '_')}']\n")
    info = site / f"acme_lib-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-lib\nVersion: {version}\n")
    names = ["acme_lib.py", *(f"{info.name}/{name}" for name in ("METADATA", "RECORD"))]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in names))


def test_an_upgraded_distribution_is_named_and_deployed(folder: Path, start: Callable[..., Reef]) -> None:
    (fleet := folder / "fleet").mkdir()
    site = environment(folder / "v")
    install(site, "1.0")
    (fleet / "using.py").write_text(
        "import acme_lib\nfrom dagster import Definitions, job\n"
        "def one(): ...\none.__name__ = acme_lib.JOBS[0]\ndefs = Definitions(jobs=[job(one)])\n"
    )
    (fleet / "other.py").write_text("from dagster import Definitions\ndefs = Definitions()\n")
    (fleet / "reef.yaml").write_text(
        "locations:\n  using: {code: {module: using}, python: ../v/bin/python}\n  other: {code: {module: other}}\n"
    )
    host = start("serve", fleet, folder / "s2").until_up()
    assert host.row("using")["definitions"]["jobs"] == ["made_by_1_0"]

    install(site, "2.0")
    done = host.command("plan", "--json", check=False)
    rows: dict[str, Any] = {one["name"]: one for one in json.loads(done.stdout)["locations"]}
    assert (done.returncode, rows["other"]["touched"]) == (2, False)
    assert [(why["kind"], why["text"]) for why in rows["using"]["reasons"]] == [
        ("distribution", "acme-lib 1.0 → 2.0")
    ]

    refused = host.command("deploy", "--changed", check=False)
    assert (refused.returncode, "it would remove jobs made_by_1_0" in refused.stdout) == (1, True), (
        refused.stdout
    )
    assert host.row("using")["definitions"]["jobs"] == ["made_by_1_0"]
    assert "added: jobs made_by_2_0" in host.command("deploy", "--changed", "--allow-removals").stdout
    assert host.row("using")["definitions"]["jobs"] == ["made_by_2_0"]
    assert host.command("plan").returncode == 0
    (newest, *_) = json.loads(host.command("history", "using", "--json").stdout)
    assert [why["text"] for why in newest["why"]] == ["acme-lib 1.0 → 2.0"]
