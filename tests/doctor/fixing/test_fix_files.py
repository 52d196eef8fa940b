"""Which files a cure changes, and what an interruption leaves. The loads are simulated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from simulated import PLAIN, Loads, brings_heavy, cure, diagnosed, finding, only

from deadlines import scaled, until
from reef.doctor.fixing.files import NotEditable, read_original, restore, write_new


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
    outcome = only(cure(defs.parent, Loads({"one": (defs,)}), diagnosed(finding(link))))
    assert outcome.status == "moved"
    assert link.is_symlink()
    assert not brings_heavy(link.read_text())


def test_a_link_out_of_the_project_is_left(defs: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.py"
    outside.write_text(PLAIN)
    link = defs.parent / "linked.py"
    link.symlink_to(outside)
    outcome = only(cure(defs.parent, Loads({"one": (defs,)}), diagnosed(finding(link))))
    assert (outcome.status, outcome.reason) == ("refused", "it is outside of the project")


def test_what_somebody_changed_meanwhile_is_not_overwritten(defs: Path) -> None:
    def digest(name: str, instead: Mapping[str, str]) -> str:
        if instead:
            defs.write_text(PLAIN + "# mine\n")
        return "same"

    outcome = only(cure(defs.parent, Loads({"one": (defs,)}, digest=digest), diagnosed(finding(defs))))
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
        b"# -*- coding: latin-1 -*-\n" + PLAIN.encode() + "# \xe9\n".encode("latin-1"),
        PLAIN.replace("    ", "\t").encode(),
    ],
    ids=["windows line ends", "byte order mark", "latin-1", "tabs"],
)
def test_bytes_elsewhere_stay(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "defs.py"
    file.write_bytes(content)
    line = content[: content.index(b"import heavy")].count(b"\n") + 1
    cured = cure(tmp_path, None, diagnosed(finding(file, line)))
    assert only(cured).status == "planned"
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
