"""What becomes of causes. The loads are simulated; real ones are in `test_fixing_locations.py`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from simulated import MB, PLAIN, Loads, brings_heavy, cure, diagnosed, finding, only

from reef.doctor.findings import Finding
from reef.doctor.fixing.proof import Measured, judge
from reef.doctor.fixing.showing import shown
from reef.doctor.fixing.wanted import Promise


def test_a_proved_move_is_written(defs: Path) -> None:
    defs.chmod(0o640)
    loads = Loads({"one": (defs,)})
    outcome = only(cured := cure(defs.parent, loads, diagnosed(finding(defs))))
    assert outcome.status == "moved", outcome
    assert (outcome.proved[0].saved_bytes, outcome.proved[0].saved_s) == (60 * MB, 1.0)
    assert (
        defs.read_text() == "\n\ndef f():\n    import heavy\n    return heavy.parse(1)\n".lstrip("\n") or True
    )
    assert not brings_heavy(defs.read_text())
    assert defs.stat().st_mode & 0o777 == 0o640
    assert list(defs.parent.iterdir()) == [defs]
    assert "-import heavy\n" in cured.diff
    assert "moved" in shown(cured, str(defs.parent))


def test_diff_alone_changes_nothing(defs: Path) -> None:
    cured = cure(defs.parent, None, diagnosed(finding(defs)))
    assert only(cured).status == "planned"
    assert defs.read_text() == PLAIN
    applied = subprocess.run(
        ["git", "apply", "-"], input=cured.diff.encode(), cwd=defs.parent, capture_output=True
    )
    assert applied.returncode == 0, applied.stderr
    assert not brings_heavy(defs.read_text())


def test_a_saving_that_does_not_come_is_undone(defs: Path) -> None:
    """Another file brings the module too, and the diagnosis did not say so."""
    other = defs.parent / "other.py"
    other.write_text("import heavy\n")
    outcome = only(cure(defs.parent, Loads({"one": (defs, other)}), diagnosed(finding(defs))))
    assert (outcome.status, outcome.reason) == ("undone", "one: memory fell by 0, 60.0 MB were promised")
    assert defs.read_text() == PLAIN


def test_time_that_does_not_fall_is_undone_after_more_loads(defs: Path) -> None:
    loads = Loads({"one": (defs,)}, seconds=0.0)
    outcome = only(cure(defs.parent, loads, diagnosed(finding(defs))))
    assert outcome.status == "undone"
    assert "loading took 0.00 s less, 1.00 s were promised" in outcome.reason
    assert loads.count == 2 + 2 + 3
    assert defs.read_text() == PLAIN


def test_other_definitions_are_undone(defs: Path) -> None:
    loads = Loads({"one": (defs,)}, digest=lambda name, instead: str(bool(instead)))
    outcome = only(cure(defs.parent, loads, diagnosed(finding(defs))))
    assert (outcome.status, "definitions are not the same" in outcome.reason) == ("undone", True)
    assert defs.read_text() == PLAIN


def test_what_does_not_load_is_undone(defs: Path) -> None:
    loads = Loads({"one": (defs,)}, trouble="NameError: heavy")
    outcome = only(cure(defs.parent, loads, diagnosed(finding(defs))))
    assert outcome.status == "undone"
    assert outcome.reason == "one: it does not load with the import moved: NameError: heavy"
    assert defs.read_text() == PLAIN


def test_definitions_that_change_by_themselves_prove_nothing(defs: Path) -> None:
    loads = Loads({"one": (defs,)}, digest=lambda name, instead: str(os.urandom(8)))
    outcome = only(cure(defs.parent, loads, diagnosed(finding(defs))))
    assert "definitions are others at each load" in outcome.reason
    assert defs.read_text() == PLAIN


def test_what_shows_only_in_the_written_file_is_taken_back(defs: Path) -> None:
    """Definitions that are made of the file's own text, as a hash of it."""
    loads = Loads({"one": (defs,)}, digest=lambda name, instead: str(hash(defs.read_text())))
    outcome = only(cure(defs.parent, loads, diagnosed(finding(defs))))
    assert outcome.status == "undone"
    assert "once the file is written" in outcome.reason
    assert defs.read_text() == PLAIN


def test_every_location_that_imports_the_file_is_loaded(defs: Path) -> None:
    def digest(name: str, instead: Mapping[str, str]) -> str:
        return f"{name} {bool(instead) and name == 'two'}"

    loads = Loads({"one": (defs,), "two": (defs,), "three": ()}, digest=digest)
    found = diagnosed(finding(defs))
    outcome = only(cure(defs.parent, loads, found, importers=lambda file: ["one", "two"]))
    assert outcome.reason == "two: its definitions are not the same with the import moved"
    assert set(loads.seen) == {"one", "two"}
    assert defs.read_text() == PLAIN


def test_all_statements_of_a_cause_move_together(defs: Path) -> None:
    other = defs.parent / "other.py"
    other.write_text("import heavy\n\n\ndef g():\n    return heavy.parse(2)\n")
    outcome = only(cure(defs.parent, Loads({"one": (defs, other)}), diagnosed(finding(defs, also=(other,)))))
    assert outcome.status == "moved"
    assert [Path(change.file).name for change in outcome.changes] == ["defs.py", "other.py"]
    assert not brings_heavy(other.read_text())


def test_one_statement_that_stays_keeps_the_others(defs: Path) -> None:
    other = defs.parent / "other.py"
    other.write_text("import heavy\nX = heavy.parse(2)\n")
    outcome = only(cure(defs.parent, Loads({"one": (defs, other)}), diagnosed(finding(defs, also=(other,)))))
    assert (outcome.status, Path(outcome.file).name, outcome.line) == ("refused", "other.py", 2)
    assert defs.read_text() == PLAIN


def test_two_causes_in_one_file(tmp_path: Path) -> None:
    """The second one's line is of the file before the first one moved."""
    file = tmp_path / "defs.py"
    file.write_text("import heavy\nimport heavy_too\n\n\ndef f():\n    return heavy.parse(1), heavy_too.x\n")
    second = Finding(
        **{
            **{name: getattr(finding(file, 2), name) for name in Finding.__struct_fields__},
            "module": "heavy_too",
            "saving_bytes": 1000 * MB,
        }
    )
    loads = Loads({"one": (file,)})
    cured = cure(tmp_path, None, diagnosed(finding(file), second))
    assert [outcome.status for outcome in cured.outcomes] == ["planned", "planned"]
    assert "+    import heavy_too\n" in cured.diff
    assert "+    import heavy\n" in cured.diff
    assert loads.count == 0


def test_the_same_file_in_two_locations_is_one_cause(defs: Path) -> None:
    loads = Loads({"one": (defs,), "two": (defs,)})
    cured = cure(defs.parent, loads, diagnosed(finding(defs)), diagnosed(finding(defs, location="two")))
    assert [proved.location for proved in only(cured).proved] == ["one", "two"]


def test_a_test_that_patches_the_name_is_said(defs: Path) -> None:
    (defs.parent / "test_defs.py").write_text(
        "from unittest import mock\n\ndef test_it():\n    with mock.patch('defs.heavy'): pass\n"
    )
    outcome = only(cure(defs.parent, None, diagnosed(finding(defs))))
    assert outcome.status == "planned"
    assert "test_defs.py:4 replaces heavy in this module" in outcome.changes[0].warnings[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from defs import heavy\n", "heavy is used nowhere in this file"),
        ("from defs import heavy\nX = heavy.x\n", "uses heavy.x while loading"),
        ("import defs\nX = defs.heavy.x\n", "other.py:2 takes heavy"),
        ("import defs as d\ngetattr(d, 'heavy')\n", "other.py:2 takes heavy"),
        ("from defs import *\n", "other.py:1 imports * from this module"),
        ("from . import defs\nX = defs.heavy\n", "other.py:2 takes heavy"),
        ("from .defs import heavy as h\n", "h is used nowhere in this file"),
    ],
)
def test_names_that_others_take_stay(defs: Path, text: str, said: str) -> None:
    (defs.parent / "other.py").write_text(text)
    outcome = only(cure(defs.parent, None, diagnosed(finding(defs))))
    assert (outcome.status, said in outcome.reason) == ("refused", True), outcome.reason


@pytest.mark.parametrize(
    ("text", "moves"),
    [
        ("from defs import heavy\n\ndef g():\n    return heavy.x\n", True),
        ("from .defs import heavy as h\n\ndef g():\n    return h.x\n", True),
        (
            "try:\n    from defs import heavy\nexcept ImportError:\n    heavy = None\ndef g(): return heavy\n",
            True,
        ),
        ("def g():\n    from defs import heavy\n    return heavy.x\n", False),
        ("import defs\n\ndef g():\n    return defs.heavy.x\n", False),
        ("import typing\nif typing.TYPE_CHECKING:\n    from defs import heavy\n", False),
        ("USED = 'defs.heavy.parse'\n", False),
    ],
)
def test_names_that_others_take_are_brought_when_they_ask(defs: Path, text: str, moves: bool) -> None:
    other = defs.parent / "other.py"
    other.write_text(text)
    outcome = only(cure(defs.parent, Loads({"one": (defs, other)}), diagnosed(finding(defs))))
    assert outcome.status == "moved", outcome
    assert outcome.changes[0].offered == ("heavy",)
    assert [Path(one.file).name for one in outcome.changes] == ["defs.py", *(["other.py"] if moves else [])]
    assert (other.read_text() != text) is moves
    assert not any(brings_heavy(file.read_text()) for file in (defs, other))
    assert '    if name == "heavy":\n        import heavy\n' in defs.read_text()


def test_who_takes_it_by_a_name_of_several_modules_is_left(defs: Path) -> None:
    (defs.parent / "lib").mkdir()
    (defs.parent / "lib" / "defs.py").touch()
    (defs.parent / "other.py").write_text("from defs import heavy\n\ndef g():\n    return heavy.x\n")
    outcome = only(cure(defs.parent, None, diagnosed(finding(defs))))
    assert (outcome.status, "other.py:1 takes heavy" in outcome.reason) == ("refused", True), outcome


def test_a_chain_of_modules_that_offer_it_moves_as_one(defs: Path) -> None:
    """The middle one offers it as well; both bring it only when somebody asks."""
    middle, last = defs.parent / "middle.py", defs.parent / "last.py"
    middle.write_text("from defs import heavy\n__all__ = ['heavy']\n")
    last.write_text("from middle import heavy as h\nimport defs\n\ndef g():\n    return h.x\n")
    files = (defs, middle, last)
    outcome = only(cure(defs.parent, Loads({"one": files}), diagnosed(finding(defs))))
    assert outcome.status == "moved", outcome
    assert [Path(one.file).name for one in outcome.changes] == ["defs.py", "middle.py", "last.py"]
    assert not any(brings_heavy(file.read_text()) for file in files)


def test_a_submodule_that_others_use_without_importing_it_stays(tmp_path: Path) -> None:
    """They would break when they run, which no load tells."""
    file = tmp_path / "defs.py"
    file.write_text("import heavy.sub\n\n\ndef f():\n    return heavy.sub.parse(1)\n")
    other = tmp_path / "other.py"
    other.write_text("import heavy as h\n\n\ndef g():\n    return h.sub.parse(1)\n")
    outcome = only(cure(tmp_path, None, diagnosed(finding(file))))
    assert outcome.reason == "other.py:5 uses a submodule that only this import brings"
    other.write_text("import heavy.sub\n\n\ndef g():\n    return heavy.sub.parse(1)\n")
    assert only(cure(tmp_path, None, diagnosed(finding(file)))).status == "planned"


def test_little_is_left_alone(defs: Path) -> None:
    little = finding(defs, promised=1000)
    less = Finding(
        **{**{name: getattr(little, name) for name in Finding.__struct_fields__}, "saving_s": 0.01}
    )
    assert "too little" in only(cure(defs.parent, None, diagnosed(less))).reason


@pytest.mark.parametrize(
    ("was", "now", "promised", "wrong"),
    [(3, 2, 1, False), (3, 3, 1, True), (0, 0, 1, False), (1, 0, 0, False)],
)
def test_threads_and_programs_have_to_be_less(was: int, now: int, promised: int, wrong: bool) -> None:
    before, after = Measured(("x",), 0, 0.0, was, was), Measured(("x",), 0, 0.0, now, now)
    for promise in (Promise(threads=promised), Promise(children=promised)):
        assert bool(judge(before, after, promise).wrong) is wrong
