"""Real Dagster locations with a module of known cost: moved, proved, or taken back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from deadlines import scaled
from reef.doctor.examining import Wishes, examine
from reef.doctor.findings import Costs, Diagnosis, Finding
from reef.doctor.fixing.fixing import fix
from reef.doctor.fixing.measuring import loader
from reef.doctor.fixing.outcome import Cured
from reef.fleet.model import CodeTarget, Location

MB = 1_000_000
COST = 48 * MB
HEAVY = f"DATA = bytearray(b'x') * {COST}\ndef parse(x): return x * 2\nclass Address: pass\n"
DEFS = """
import dagster as dg

import heavy_lib
from shared import helper


@dg.asset
def parsed():
    \"\"\"Parsed addresses.\"\"\"
    return heavy_lib.parse(3) + helper()


defs = dg.Definitions(assets=[parsed])
"""
SHARED = "import heavy_lib as hl\n\n\ndef helper(x: hl.Address | None = None): return hl.parse(4)\n"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "site-packages"
    (folder / "heavy_pkg").mkdir(parents=True)
    (folder / "heavy_lib.py").write_text(HEAVY)
    (folder / "heavy_pkg" / "__init__.py").touch()
    (folder / "heavy_pkg" / "sub.py").write_text(HEAVY)
    return folder


def _location(tmp_path: Path, files: Mapping[str, str]) -> Location:
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(dedent(text).lstrip("\n"))
    env = {"PYTHONPATH": str(tmp_path / "site-packages")}
    code = CodeTarget(python_file=str(folder / "defs.py"), working_directory=str(folder))
    return Location("sales", code=code, python=sys.executable, cwd=str(folder), env=env)


def _found(spec: Location, line: int, module: str = "heavy_lib") -> Diagnosis:
    finding = Finding(
        location=spec.name,
        kind="import",
        file=f"{spec.cwd}/defs.py",
        line=line,
        module=module,
        statement=f"import {module}",
        costs=Costs(),
        needed="run",
        why_needed="",
        cure="",
        saving_bytes=COST,
    )
    return Diagnosis(location=spec.name, load=Costs(), own=Costs(), definitions={}, findings=(finding,))


def _fixed(spec: Location, diagnosis: Diagnosis) -> Cured:
    return fix([spec], [diagnosis], os.environ, spec.cwd)


def _output(spec: Location) -> list[bytes]:
    """What a run of the asset gives."""
    code = "import dagster as dg, defs; print(dg.materialize([defs.parsed]).output_for_node('parsed'))"
    env = {**os.environ, **spec.env}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=spec.cwd, env=env, capture_output=True, timeout=scaled(60)
    )
    return ran.stdout.split() or [ran.stderr]


def test_moves_what_the_diagnosis_found(packages: Path, tmp_path: Path) -> None:
    """Definitions are the same byte for byte, memory falls by what the module costs, and the asset still
    runs."""
    spec = _location(tmp_path, {"defs.py": DEFS, "shared.py": SHARED})
    load = loader(os.environ)
    before = load(spec, {})
    cured = _fixed(spec, examine(spec, os.environ, Wishes()).diagnosis)
    (outcome,) = cured.outcomes
    assert outcome.status == "moved", outcome
    assert {Path(change.file).name for change in outcome.changes} == {"defs.py", "shared.py"}
    after = load(spec, {})
    assert after.definitions_digest == before.definitions_digest != ""
    assert after.definitions == before.definitions
    saved = before.costs.private_bytes - after.costs.private_bytes
    assert abs(saved - COST) < 0.1 * COST
    assert abs(outcome.proved[0].saved_bytes - COST) < 0.1 * COST
    assert _output(spec) == [b"14"]


def test_what_a_module_offers_is_brought_when_it_is_asked(packages: Path, tmp_path: Path) -> None:
    """A re-export, and an `if` besides: all move together, and the asset still gets the function."""
    text = DEFS.replace("import heavy_lib\nfrom shared import helper", "from shared import helper, parse")
    guarded = "import sys\nif sys.version_info >= (3, 8):\n    import heavy_lib\n\n\n"
    shared = f"{guarded}from heavy_lib import parse\n__all__ = ['helper', 'parse']\n\n\n"
    shared += "def helper(): return heavy_lib.parse(4)\n"
    spec = _location(tmp_path, {"defs.py": text.replace("heavy_lib.parse", "parse"), "shared.py": shared})
    (outcome,) = _fixed(spec, examine(spec, os.environ, Wishes()).diagnosis).outcomes
    assert outcome.status == "moved", outcome
    assert [(Path(one.file).name, one.names, one.offered) for one in outcome.changes] == [
        ("shared.py", ("heavy_lib",), ()),
        ("shared.py", ("parse",), ("parse",)),
        ("defs.py", ("parse",), ()),
    ]
    assert abs(outcome.proved[0].saved_bytes - COST) < 0.1 * COST
    assert _output(spec) == [b"14"]


def test_a_saving_that_does_not_come_is_taken_back(packages: Path, tmp_path: Path) -> None:
    other = "from heavy_lib import parse\nFOUR = parse(2)\ndef helper(): return FOUR\n"
    spec = _location(tmp_path, {"defs.py": DEFS, "shared.py": other})
    text = Path(spec.cwd, "defs.py").read_bytes()
    (outcome,) = _fixed(spec, _found(spec, 3)).outcomes
    assert outcome.status == "undone"
    assert "memory fell by" in outcome.reason
    assert "48.0 MB were promised" in outcome.reason
    assert Path(spec.cwd, "defs.py").read_bytes() == text


def test_an_import_that_another_module_lives_on_is_taken_back(packages: Path, tmp_path: Path) -> None:
    """`shared` uses a submodule that only this import brings."""
    files = {
        "defs.py": DEFS.replace("import heavy_lib", "import heavy_pkg.sub").replace(
            "heavy_lib.", "heavy_pkg.sub."
        ),
        "shared.py": "import heavy_pkg\nFOUR = getattr(heavy_pkg, 'sub').parse(2)\ndef helper(): return FOUR\n",
    }
    spec = _location(tmp_path, files)
    text = Path(spec.cwd, "defs.py").read_bytes()
    (outcome,) = _fixed(spec, _found(spec, 3, "heavy_pkg.sub")).outcomes
    assert outcome.status == "undone"
    assert "it does not load with the import moved" in outcome.reason
    assert "has no attribute 'sub'" in outcome.reason
    assert Path(spec.cwd, "defs.py").read_bytes() == text


def test_definitions_that_tell_of_the_source_are_taken_back(packages: Path, tmp_path: Path) -> None:
    """A version of code made from the file itself: it is another one as soon as the file is written."""
    version = "@dg.asset(code_version=str(len(open(__file__).read())))"
    files = {"defs.py": DEFS.replace("@dg.asset", version), "shared.py": "def helper(): return 8\n"}
    spec = _location(tmp_path, files)
    text = Path(spec.cwd, "defs.py").read_bytes()
    (outcome,) = _fixed(spec, _found(spec, 3)).outcomes
    assert outcome.status == "undone"
    assert "once the file is written" in outcome.reason
    assert Path(spec.cwd, "defs.py").read_bytes() == text
