"""Locations that do not load as they should: each is said with its place, and the others are examined all the same."""

from __future__ import annotations

import os
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from doctor_cases import CORPUS

from deadlines import scaled, until
from reef.doctor.examining import Wishes, examine, examine_in
from reef.doctor.findings import Diagnosis
from reef.doctor.guest_process import Ended, GuestProcess
from reef.doctor.loading import environ_of, load_once, target_of
from reef.doctor.running import examine_all
from reef.fleet.model import CodeTarget, Location

GOOD = """import dagster as dg
import hv_bytes

@dg.asset
def parsed():
    return hv_bytes.parse("x")

defs = dg.Definitions(assets=[parsed])
"""
ENDS = {
    "raises": ("import dagster\n\nraise ValueError('no such table')\n", "error", 3, "no such table"),
    "syntax": ("import dagster\n\ndef broken(:\n", "error", 3, "SyntaxError"),
    "missing": ("import dagster\nimport not_there_at_all\n", "error", 2, "not_there_at_all"),
    "sys_exit": ("import sys\nsys.exit(3)\n", "exit", 2, "3"),
    "os_exit": ("import os\nprint('bye')\n\nos._exit(4)\n", "exit", 4, "exit status 4"),
    "crash": ("import ctypes\n\nctypes.string_at(0)\n", "crash", 3, "SIGSEGV"),
    "nothing": ("x = 1\n", "error", 0, ""),
}
HANGS = "import threading\n\nthreading.Event().wait()\n"


def location(folder: Path, text: str, name: str = "one") -> Location:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "defs.py").write_text(text)
    code = CodeTarget(python_file=str(folder / "defs.py"), working_directory=str(folder))
    env = {"PYTHONPATH": str(CORPUS / "site-packages"), "PYTHONDONTWRITEBYTECODE": "1"}
    return Location(name, code=code, python=sys.executable, cwd=str(folder), env=env)


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestProcess]:
    """One for all tests here: each load is a fork."""
    folder = str(tmp_path_factory.mktemp("hostile"))
    env = {**os.environ, "PYTHONPATH": str(CORPUS / "site-packages"), "PYTHONDONTWRITEBYTECODE": "1"}
    with GuestProcess(sys.executable, folder, env) as process:
        yield process


def examined(guest: GuestProcess, spec: Location, timeout_s: float = 60.0) -> Diagnosis:
    become = {"cwd": spec.cwd, "env": dict(spec.env)}
    wishes = Wishes(timeout_s=scaled(timeout_s))
    return examine_in(guest, spec, wishes, time.perf_counter(), become).diagnosis


@pytest.mark.parametrize("name", ENDS)
def test_a_load_that_fails_says_where(guest: GuestProcess, tmp_path: Path, name: str) -> None:
    text, kind, line, said = ENDS[name]
    (trouble,) = examined(guest, location(tmp_path, text)).trouble
    assert (trouble.kind, trouble.line) == (kind, line), trouble
    assert said in trouble.message
    assert trouble.file == (str(tmp_path / "defs.py") if line else "")


def test_a_load_that_hangs_is_ended_and_said_with_its_line(guest: GuestProcess, tmp_path: Path) -> None:
    (trouble,) = examined(guest, location(tmp_path, HANGS), timeout_s=1.0).trouble
    assert (trouble.kind, os.path.basename(trouble.file), trouble.line) == ("timeout", "defs.py", 3)
    assert examined(guest, location(tmp_path, GOOD)).trouble == ()


def test_what_was_loaded_before_a_failure_is_still_blamed(guest: GuestProcess, tmp_path: Path) -> None:
    found = examined(guest, location(tmp_path, "import hv_bytes\n\nraise RuntimeError('later')\n"))
    assert [one.line for one in found.findings] == [1]
    assert [one.line for one in found.trouble] == [3]


def test_zip_imports(guest: GuestProcess, tmp_path: Path) -> None:
    """First-party code in a zip archive, which imports a heavy library."""
    with zipfile.ZipFile(tmp_path / "ours.zip", "w") as archive:
        archive.writestr("zipped/__init__.py", "")
        archive.writestr(
            "zipped/reading.py", "import hv_mmap\n\n\ndef read():\n    return hv_mmap.parse('x')\n"
        )
    text = GOOD.replace(
        "import hv_bytes\n", "import sys\nsys.path.insert(0, 'ours.zip')\nimport zipped.reading\n"
    )
    found = examined(guest, location(tmp_path, text.replace("hv_bytes.parse('x')", "zipped.reading.read()")))
    assert found.trouble == ()
    (finding,) = found.findings
    assert finding.costs.private_bytes > 20_000_000
    assert (finding.file, finding.line) == (str(tmp_path / "ours.zip" / "zipped" / "reading.py"), 1)


def test_who_replaces_import_without_calling_it_back(guest: GuestProcess, tmp_path: Path) -> None:
    """`__import__` is then importlib's own: who asks for what is not heard, what statements take still is."""
    text = "import builtins, importlib\nbuiltins.__import__ = importlib.__import__\n" + GOOD
    found = examined(guest, location(tmp_path, text))
    assert found.trouble == ()
    assert [one.line for one in found.findings] == [4]


def test_a_fork_that_cannot_describe_itself_is_partial(guest: GuestProcess, tmp_path: Path) -> None:
    """Definitions that load and cannot be serialized."""
    text = (
        "import dagster as dg\n\n\nclass Odd(dg.PartitionsDefinition):\n    def get_partition_keys(self, **_):\n"
        "        return []\n\n\n@dg.asset(partitions_def=Odd())\ndef odd():\n    return 1\n\n\n"
        "defs = dg.Definitions(assets=[odd])\n"
    )
    found = examined(guest, location(tmp_path, text))
    assert [one.kind for one in found.trouble] in (["partial"], ["error"])


def test_one_location_never_stops_the_others(tmp_path: Path) -> None:
    """In processes of their own, as the command does it."""
    crash = ENDS["crash"][0]
    specs = [
        location(tmp_path / "good", GOOD, "good"),
        location(tmp_path / "crash", crash, "crash"),
        Location(
            "gone",
            code=CodeTarget(module_name="x"),
            python=str(tmp_path / "no" / "python"),
            cwd=str(tmp_path),
        ),
        Location("elsewhere", placement="external"),
        Location("broken", code=CodeTarget(module_name="x"), broken="reef.yaml:3: no such folder"),
    ]
    told: list[str] = []
    found = examine_all(
        specs, os.environ, Wishes(timeout_s=scaled(60)), 2, lambda *now: told.append(now[2].location)
    )
    assert [one.diagnosis.location for one in found] == [spec.name for spec in specs]
    assert sorted(told) == sorted(spec.name for spec in specs)
    assert [len(one.diagnosis.findings) for one in found] == [1, 0, 0, 0, 0]
    assert [len(one.diagnosis.trouble) for one in found] == [0, 1, 1, 1, 1]


def test_without_dagster_it_says_so(tmp_path: Path) -> None:
    spec = location(tmp_path, GOOD)
    bare = Location(
        spec.name, code=spec.code, python=sys.executable, cwd=spec.cwd, env={"PYTHONPATH": str(tmp_path)}
    )
    (tmp_path / "dagster.py").write_text("raise ImportError('not here')\n")
    (trouble,) = examine(bare, os.environ, Wishes(timeout_s=scaled(60))).diagnosis.trouble
    assert "has no Dagster" in trouble.message


def test_a_plain_load_gives_the_same_bytes_twice(tmp_path: Path) -> None:
    spec = location(tmp_path, GOOD)
    assert spec.code is not None
    env = environ_of(spec, os.environ)
    loads = [
        load_once(spec.python, spec.code, spec.cwd, env, location="x", timeout_s=scaled(60)) for _ in range(2)
    ]
    assert loads[0].definitions_digest == loads[1].definitions_digest != ""
    assert loads[0].definitions["__repository__"].assets == 1


def test_nothing_is_left_of_a_load_whose_doctor_is_gone(tmp_path: Path) -> None:
    """The connection ends while the location hangs, as when the command is killed."""
    spec = location(tmp_path, HANGS)
    assert spec.code is not None
    with GuestProcess(spec.python, spec.cwd, environ_of(spec, os.environ)) as process:
        request = {"do": "watch", "roots": [str(tmp_path)], "target": target_of(spec.code), "location": "x"}
        request |= {"place": process.place_file, "big_file": 10**7, "timeout_s": 600.0}
        process.ask({"do": "prepare", "roots": []}, scaled(60))
        with pytest.raises(Ended):
            process.ask(request, 0.5)
        process._socket.close()
        until(lambda: process._process.poll() is not None, 20, "for the guest to end")


def test_a_location_in_a_wide_folder_is_first_party_too(guest: GuestProcess, tmp_path: Path) -> None:
    """One that nobody would hash, such as a home folder."""
    spec = location(tmp_path, GOOD)
    wide = Location(spec.name, code=spec.code, python=spec.python, cwd="/tmp", env=spec.env)
    found = examined(guest, wide)
    assert [one.line for one in found.findings] == [2]


def test_first_party_code_that_cannot_be_marked_is_its_importer_s(
    guest: GuestProcess, tmp_path: Path
) -> None:
    """As an extension module, or code of a loader of one's own: here in a zip archive."""
    with zipfile.ZipFile(tmp_path / "ours.zip", "w") as archive:
        archive.writestr("packed.py", "BLOCK = bytearray(b'x') * 20_000_000\n")
    text = GOOD.replace("import hv_bytes\n", "import sys\nsys.path.insert(0, 'ours.zip')\nimport packed\n")
    found = examined(guest, location(tmp_path, text.replace("hv_bytes.parse", "len")))
    assert [(one.line, one.module) for one in found.findings] == [(4, "packed")]
