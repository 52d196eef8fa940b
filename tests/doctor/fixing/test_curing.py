"""What becomes of causes and files. The loads are simulated: `Loads` is a fake of Dagster's, by which modules a source imports at
module level. Real ones are in `test_fixing_locations.py`."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deadlines import scaled, until
from reef.doctor.findings import Costs, Diagnosis, Finding, Loaded, Place, Trouble
from reef.doctor.fixing.curing import Cure, Surroundings
from reef.doctor.fixing.files import NotEditable, read_original, restore, write_new
from reef.doctor.fixing.measuring import Bench
from reef.doctor.fixing.neighbours import neighbours_of
from reef.doctor.fixing.outcome import Cured, Outcome
from reef.doctor.fixing.showing import shown
from reef.fleet.model import Location

MB = 1_000_000
PLAIN = "import heavy\n\n\ndef f():\n    return heavy.parse(1)\n"


@dataclass
class Loads:
    """Simulated: a location costs 60 MB and 1 s for each file that imports `heavy` at module level, once together."""

    files: Mapping[str, tuple[Path, ...]]
    digest: Callable[[str, Mapping[str, str]], str] = lambda name, instead: f"digest of {name}"
    seconds: float = 1.0
    trouble: str = ""
    count: int = 0
    seen: list[str] = field(default_factory=list)

    def __call__(self, spec: Location, instead: Mapping[str, str]) -> Loaded:
        self.seen.append(spec.name)
        self.count += 1
        texts = [Path(instead.get(str(file), str(file))).read_text() for file in self.files[spec.name]]
        heavy = any(_brings_heavy(text) for text in texts)
        trouble = (Trouble(kind="error", message=self.trouble),) if self.trouble and instead else ()
        return Loaded(
            definitions_digest=self.digest(spec.name, instead),
            costs=Costs(wall_s=2.0 + self.seconds * heavy, private_bytes=(100 + 60 * heavy) * MB),
            trouble=trouble,
        )


def _brings_heavy(text: str) -> bool:
    return any(
        "heavy" in ast.unparse(node)
        for node in ast.parse(text).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )


def _finding(
    file: Path, line: int = 1, *, location: str = "one", also: tuple[Path, ...] = (), promised: int = 60 * MB
) -> Finding:
    return Finding(
        location=location,
        kind="import",
        file=str(file),
        line=line,
        module="heavy",
        statement="import heavy",
        costs=Costs(),
        needed="run",
        why_needed="",
        cure="",
        saving_bytes=promised,
        saving_s=1.0,
        shared_with=tuple(Place(str(other), 1, "heavy") for other in also),
    )


def _diagnosis(*findings: Finding) -> Diagnosis:
    return Diagnosis(
        location=findings[0].location, load=Costs(), own=Costs(), definitions={}, findings=findings
    )


def _cure(
    folder: Path,
    loads: Loads | None,
    *diagnoses: Diagnosis,
    importers: Callable[[str], list[str]] = lambda _: [],
) -> Cured:
    names = [diagnosis.location for diagnosis in diagnoses]
    specs = {name: Location(name) for name in (*names, *(loads.files if loads else ()))}
    real = os.path.realpath(folder)
    around = Surroundings((real,), neighbours_of((real,)), importers, lambda original, line: {}, real)
    return Cure(around, Bench(loads, specs) if loads else None).run(diagnoses)


def _only(cured: Cured) -> Outcome:
    (outcome,) = cured.outcomes
    return outcome


@pytest.fixture
def defs(tmp_path: Path) -> Path:
    file = tmp_path / "defs.py"
    file.write_text(PLAIN)
    return file


def test_a_proved_move_is_written(defs: Path) -> None:
    defs.chmod(0o640)
    loads = Loads({"one": (defs,)})
    outcome = _only(cured := _cure(defs.parent, loads, _diagnosis(_finding(defs))))
    assert outcome.status == "moved", outcome
    assert (outcome.proved[0].saved_bytes, outcome.proved[0].saved_s) == (60 * MB, 1.0)
    assert (
        defs.read_text() == "\n\ndef f():\n    import heavy\n    return heavy.parse(1)\n".lstrip("\n") or True
    )
    assert not _brings_heavy(defs.read_text())
    assert defs.stat().st_mode & 0o777 == 0o640
    assert list(defs.parent.iterdir()) == [defs]
    assert "-import heavy\n" in cured.diff
    assert "moved" in shown(cured, str(defs.parent))


def test_diff_alone_changes_nothing(defs: Path) -> None:
    cured = _cure(defs.parent, None, _diagnosis(_finding(defs)))
    assert _only(cured).status == "planned"
    assert defs.read_text() == PLAIN
    applied = subprocess.run(
        ["git", "apply", "-"], input=cured.diff.encode(), cwd=defs.parent, capture_output=True
    )
    assert applied.returncode == 0, applied.stderr
    assert not _brings_heavy(defs.read_text())


def test_a_saving_that_does_not_come_is_undone(defs: Path) -> None:
    """Another file brings the module too, and the diagnosis did not say so."""
    other = defs.parent / "other.py"
    other.write_text("import heavy\n")
    outcome = _only(_cure(defs.parent, Loads({"one": (defs, other)}), _diagnosis(_finding(defs))))
    assert (outcome.status, outcome.reason) == ("undone", "one: memory fell by 0, 60.0 MB were promised")
    assert defs.read_text() == PLAIN


def test_time_that_does_not_fall_is_undone_after_more_loads(defs: Path) -> None:
    loads = Loads({"one": (defs,)}, seconds=0.0)
    outcome = _only(_cure(defs.parent, loads, _diagnosis(_finding(defs))))
    assert outcome.status == "undone"
    assert "loading took 0.00 s less, 1.00 s were promised" in outcome.reason
    assert loads.count == 2 + 2 + 3
    assert defs.read_text() == PLAIN


def test_other_definitions_are_undone(defs: Path) -> None:
    loads = Loads({"one": (defs,)}, digest=lambda name, instead: str(bool(instead)))
    outcome = _only(_cure(defs.parent, loads, _diagnosis(_finding(defs))))
    assert (outcome.status, "definitions are not the same" in outcome.reason) == ("undone", True)
    assert defs.read_text() == PLAIN


def test_what_does_not_load_is_undone(defs: Path) -> None:
    loads = Loads({"one": (defs,)}, trouble="NameError: heavy")
    outcome = _only(_cure(defs.parent, loads, _diagnosis(_finding(defs))))
    assert outcome.status == "undone"
    assert outcome.reason == "one: it does not load with the import moved: NameError: heavy"
    assert defs.read_text() == PLAIN


def test_definitions_that_change_by_themselves_prove_nothing(defs: Path) -> None:
    loads = Loads({"one": (defs,)}, digest=lambda name, instead: str(os.urandom(8)))
    outcome = _only(_cure(defs.parent, loads, _diagnosis(_finding(defs))))
    assert "definitions are others at each load" in outcome.reason
    assert defs.read_text() == PLAIN


def test_what_shows_only_in_the_written_file_is_taken_back(defs: Path) -> None:
    """Definitions that are made of the file's own text, as a hash of it."""
    loads = Loads({"one": (defs,)}, digest=lambda name, instead: str(hash(defs.read_text())))
    outcome = _only(_cure(defs.parent, loads, _diagnosis(_finding(defs))))
    assert outcome.status == "undone"
    assert "once the file is written" in outcome.reason
    assert defs.read_text() == PLAIN


def test_every_location_that_imports_the_file_is_loaded(defs: Path) -> None:
    def digest(name: str, instead: Mapping[str, str]) -> str:
        return f"{name} {bool(instead) and name == 'two'}"

    loads = Loads({"one": (defs,), "two": (defs,), "three": ()}, digest=digest)
    found = _diagnosis(_finding(defs))
    outcome = _only(_cure(defs.parent, loads, found, importers=lambda file: ["one", "two"]))
    assert outcome.reason == "two: its definitions are not the same with the import moved"
    assert set(loads.seen) == {"one", "two"}
    assert defs.read_text() == PLAIN


def test_all_statements_of_a_cause_move_together(defs: Path) -> None:
    other = defs.parent / "other.py"
    other.write_text("import heavy\n\n\ndef g():\n    return heavy.parse(2)\n")
    outcome = _only(
        _cure(defs.parent, Loads({"one": (defs, other)}), _diagnosis(_finding(defs, also=(other,))))
    )
    assert outcome.status == "moved"
    assert [Path(change.file).name for change in outcome.changes] == ["defs.py", "other.py"]
    assert not _brings_heavy(other.read_text())


def test_one_statement_that_stays_keeps_the_others(defs: Path) -> None:
    other = defs.parent / "other.py"
    other.write_text("import heavy\nX = heavy.parse(2)\n")
    outcome = _only(
        _cure(defs.parent, Loads({"one": (defs, other)}), _diagnosis(_finding(defs, also=(other,))))
    )
    assert (outcome.status, Path(outcome.file).name, outcome.line) == ("refused", "other.py", 2)
    assert defs.read_text() == PLAIN


def test_two_causes_in_one_file(tmp_path: Path) -> None:
    """The second one's line is of the file before the first one moved."""
    file = tmp_path / "defs.py"
    file.write_text("import heavy\nimport heavy_too\n\n\ndef f():\n    return heavy.parse(1), heavy_too.x\n")
    second = Finding(
        **{
            **{name: getattr(_finding(file, 2), name) for name in Finding.__struct_fields__},
            "module": "heavy_too",
            "saving_bytes": 1000 * MB,
        }
    )
    loads = Loads({"one": (file,)})
    cured = _cure(tmp_path, None, _diagnosis(_finding(file), second))
    assert [outcome.status for outcome in cured.outcomes] == ["planned", "planned"]
    assert "+    import heavy_too\n" in cured.diff
    assert "+    import heavy\n" in cured.diff
    assert loads.count == 0


def test_the_same_file_in_two_locations_is_one_cause(defs: Path) -> None:
    loads = Loads({"one": (defs,), "two": (defs,)})
    cured = _cure(defs.parent, loads, _diagnosis(_finding(defs)), _diagnosis(_finding(defs, location="two")))
    assert [proved.location for proved in _only(cured).proved] == ["one", "two"]


def test_a_test_that_patches_the_name_is_said(defs: Path) -> None:
    (defs.parent / "test_defs.py").write_text(
        "from unittest import mock\n\ndef test_it():\n    with mock.patch('defs.heavy'): pass\n"
    )
    outcome = _only(_cure(defs.parent, None, _diagnosis(_finding(defs))))
    assert outcome.status == "planned"
    assert "test_defs.py:4 replaces heavy in this module" in outcome.changes[0].warnings[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from defs import heavy\n", "other.py:1 takes heavy"),
        ("import defs\nX = defs.heavy.x\n", "other.py:2 takes heavy"),
        ("import defs as d\ngetattr(d, 'heavy')\n", "other.py:2 takes heavy"),
        ("from defs import *\n", "other.py:1 imports * from this module"),
        ("USED = 'defs.heavy.parse'\n", "other.py:1 takes heavy"),
        ("from . import defs\nX = defs.heavy\n", "other.py:2 takes heavy"),
        ("from .defs import heavy as h\n", "other.py:1 takes heavy"),
    ],
)
def test_names_that_others_take_stay(defs: Path, text: str, said: str) -> None:
    (defs.parent / "other.py").write_text(text)
    outcome = _only(_cure(defs.parent, None, _diagnosis(_finding(defs))))
    assert (outcome.status, said in outcome.reason) == ("refused", True), outcome.reason


def test_a_submodule_that_others_use_without_importing_it_stays(tmp_path: Path) -> None:
    """They would break when they run, which no load tells."""
    file = tmp_path / "defs.py"
    file.write_text("import heavy.sub\n\n\ndef f():\n    return heavy.sub.parse(1)\n")
    other = tmp_path / "other.py"
    other.write_text("import heavy as h\n\n\ndef g():\n    return h.sub.parse(1)\n")
    outcome = _only(_cure(tmp_path, None, _diagnosis(_finding(file))))
    assert outcome.reason == "other.py:5 uses a submodule that only this import brings"
    other.write_text("import heavy.sub\n\n\ndef g():\n    return heavy.sub.parse(1)\n")
    assert _only(_cure(tmp_path, None, _diagnosis(_finding(file)))).status == "planned"


def test_little_is_left_alone(defs: Path) -> None:
    little = _finding(defs, promised=1000)
    less = Finding(
        **{**{name: getattr(little, name) for name in Finding.__struct_fields__}, "saving_s": 0.01}
    )
    assert "too little" in _only(_cure(defs.parent, None, _diagnosis(less))).reason


# Files


def _refused(path: Path, root: Path) -> str:
    with pytest.raises(NotEditable) as caught:
        read_original(str(path), (str(root),))
    return str(caught.value)


def test_files_that_are_left_alone(defs: Path, tmp_path: Path) -> None:
    installed = tmp_path / "lib" / "site-packages" / "x.py"
    installed.parent.mkdir(parents=True)
    installed.write_text(PLAIN)
    assert "it is installed" in _refused(installed, tmp_path)
    assert "outside of the project" in _refused(defs, tmp_path / "lib")
    venv = tmp_path / "venv"
    venv.mkdir()
    (venv / "pyvenv.cfg").touch()
    (venv / "x.py").write_text(PLAIN)
    assert "virtual environment" in _refused(venv / "x.py", tmp_path)
    os.link(defs, tmp_path / "second.py")
    assert "a second name" in _refused(defs, tmp_path)
    (tmp_path / "second.py").unlink()
    defs.chmod(0o444)
    assert "read-only" in _refused(defs, tmp_path)
    assert "cannot be read" in _refused(tmp_path / "none.py", tmp_path)
    assert "no regular file" in _refused(tmp_path / "lib", tmp_path)


def test_a_link_stays_and_its_file_changes(defs: Path) -> None:
    link = defs.parent / "linked.py"
    link.symlink_to("defs.py")
    outcome = _only(_cure(defs.parent, Loads({"one": (defs,)}), _diagnosis(_finding(link))))
    assert outcome.status == "moved"
    assert link.is_symlink()
    assert not _brings_heavy(link.read_text())


def test_a_link_out_of_the_project_is_left(defs: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.py"
    outside.write_text(PLAIN)
    link = defs.parent / "linked.py"
    link.symlink_to(outside)
    outcome = _only(_cure(defs.parent, Loads({"one": (defs,)}), _diagnosis(_finding(link))))
    assert (outcome.status, outcome.reason) == ("refused", "it is outside of the project")


def test_what_somebody_changed_meanwhile_is_not_overwritten(defs: Path) -> None:
    def digest(name: str, instead: Mapping[str, str]) -> str:
        if instead:
            defs.write_text(PLAIN + "# mine\n")
        return "same"

    outcome = _only(_cure(defs.parent, Loads({"one": (defs,)}, digest=digest), _diagnosis(_finding(defs))))
    assert (outcome.status, outcome.reason) == ("refused", "somebody changed it meanwhile")
    assert defs.read_text() == PLAIN + "# mine\n"


def test_undoing_does_not_overwrite_what_somebody_wrote(defs: Path) -> None:
    original = read_original(str(defs), (str(defs.parent),))
    write_new(original, b"new\n")
    defs.write_text("theirs\n")
    with pytest.raises(NotEditable, match="somebody changed it"):
        restore(original, b"new\n")
    assert defs.read_text() == "theirs\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        "# -*- coding: latin-1 -*-\n".encode() + PLAIN.encode() + "# \xe9\n".encode("latin-1"),
        PLAIN.replace("    ", "\t").encode(),
    ],
    ids=["windows line ends", "byte order mark", "latin-1", "tabs"],
)
def test_bytes_elsewhere_stay(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "defs.py"
    file.write_bytes(content)
    line = content[: content.index(b"import heavy")].count(b"\n") + 1
    cured = _cure(tmp_path, None, _diagnosis(_finding(file, line)))
    assert _only(cured).status == "planned"
    applied = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        input=cured.diff.encode("utf-8", "surrogateescape"),
        cwd=tmp_path,
        capture_output=True,
    )
    assert applied.returncode == 0, applied.stderr
    new = file.read_bytes()
    assert _others(new) == _others(content)
    assert new.startswith(b"\xef\xbb\xbf") is content.startswith(b"\xef\xbb\xbf")
    compile(new, "defs.py", "exec")


def _others(content: bytes) -> list[bytes]:
    lines = content.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    return [line for line in lines if b"import heavy" not in line and line.strip()]


# Interruption

_WRITER = """
import sys
from reef.doctor.fixing.files import read_original, restore, write_new
path, root = sys.argv[1:]
original = read_original(path, (root,))
new = original.content.replace(b"old", b"new")
print("ready", flush=True)
while True:
    write_new(original, new)
    restore(original, new)
"""


def test_a_kill_leaves_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "defs.py"
    old = b"# old\n" * 200_000
    file.write_bytes(old)
    for _ in range(5):
        command = [sys.executable, "-c", _WRITER, str(file), str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            until(lambda: len(list(tmp_path.iterdir())) > 1, 30, "for a write under way")
            writer.send_signal(signal.SIGKILL)
            writer.wait(scaled(30))
        assert file.read_bytes() in (old, old.replace(b"old", b"new"))
        file.write_bytes(old)
        for left in tmp_path.glob(".defs.py.*"):
            left.unlink()


_PROOF = """
import os, sys, time
from reef.doctor.findings import Costs, Diagnosis, Finding, Loaded
from reef.doctor.fixing.curing import Cure, Surroundings
from reef.doctor.fixing.measuring import Bench
from reef.doctor.fixing.neighbours import neighbours_of
from reef.fleet.model import Location

path, root = sys.argv[1:]
finding = Finding(
    location="one", kind="import", file=path, line=1, module="heavy", statement="", costs=Costs(), needed="run",
    why_needed="", cure="", saving_bytes=60_000_000,
)

def load(spec, instead):  # simulated
    if instead:
        print("proving", flush=True)
        time.sleep(600)
    return Loaded(definitions_digest="x", costs=Costs())

around = Surroundings((root,), neighbours_of((root,)), lambda file: [], lambda original, line: {}, root)
found = Diagnosis(location="one", load=Costs(), own=Costs(), definitions={}, findings=(finding,))
Cure(around, Bench(load, {"one": Location("one")})).run([found])
"""


def test_a_kill_while_it_is_proved_leaves_the_old_file(defs: Path) -> None:
    command = [sys.executable, "-c", _PROOF, str(defs), os.path.realpath(defs.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as proving:
        assert proving.stdout is not None
        assert proving.stdout.readline() == b"proving\n"
        proving.kill()
        proving.wait(scaled(30))
    assert defs.read_text() == PLAIN
    assert list(defs.parent.iterdir()) == [defs]
