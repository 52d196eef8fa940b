"""Small git repositories with a fleet in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deadlines import scaled
from reef.cli.plan_since import plan_since
from reef.decide.plan import LocationPlan, Plan


def git(folder: Path, *words: str) -> str:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    names = {
        f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", *words], cwd=folder, env={**environ, **names}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def repository(folder: Path, files: Mapping[str, str]) -> Path:
    """All files committed."""
    folder = Path(os.path.realpath(folder))
    git(folder, "init", "-q", "-b", "main")
    write(folder, files)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")


def planned(folder: Path, since: str = "HEAD") -> Plan:
    return plan_since(since, str(folder), sys.executable)[0]


def touched(folder: Path, since: str = "HEAD") -> set[str]:
    return {one.location for one in planned(folder, since).locations if one.touched}


def why(folder: Path, location: str) -> LocationPlan:
    return next(one for one in planned(folder).locations if one.location == location)


def reef(folder: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, what `--json` said, and standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "reef.cli.main", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}, done.stderr
