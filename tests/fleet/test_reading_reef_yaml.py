"""What a reef.yaml means."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from reef.errors import ReefError
from reef.fleet import read
from reef.fleet.model import CodeTarget, Fleet, HistorySpec, Location, ServerAddress

_PYTHON = "/usr/bin/python3"


def _read(folder: Path, text: str, environ: dict[str, str] | None = None) -> Fleet:
    (folder / "reef.yaml").write_text(text)
    return read(str(folder), environ or {}, _PYTHON)


def _one(folder: Path, settings: str, environ: dict[str, str] | None = None) -> Location:
    return _read(folder, f"locations:\n  a: {{{settings}}}\n", environ).locations[0]


def test_a_location_with_nothing_but_code(tmp_path: Path) -> None:
    location = _one(tmp_path, "code: m")
    assert location.where is not None
    assert location.where.line == 2
    expected = Location(
        name="a", code=CodeTarget(module_name="m"), python=_PYTHON, cwd=str(tmp_path), where=location.where
    )
    assert location == expected


@pytest.mark.parametrize(
    ("code", "target"),
    [
        ("sales/defs.py", CodeTarget(python_file="HERE/sales/defs.py")),
        ("../up.py", CodeTarget(python_file="HERE/../up.py")),
        ("/abs/defs.py", CodeTarget(python_file="/abs/defs.py")),
        ("sales.definitions", CodeTarget(module_name="sales.definitions")),
        ("{python_file: x, attribute: d}", CodeTarget(python_file="HERE/x", attribute="d")),
        ("{module: x.y}", CodeTarget(module_name="x.y")),
        ("{package: p, attribute: d}", CodeTarget(package_name="p", attribute="d")),
        ("{autoload_defs_module: p.defs}", CodeTarget(autoload_defs_module_name="p.defs")),
    ],
)
def test_code(code: str, target: CodeTarget, tmp_path: Path) -> None:
    found = _one(tmp_path, f"code: {code}").code
    expected = {k: v.replace("HERE", str(tmp_path)) if v else v for k, v in vars(target).items()}
    assert found is not None
    assert vars(found) == expected


def test_every_setting(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    fleet = _read(
        tmp_path,
        """
python: /usr/bin/env
memory_budget: 8Gi
max_simultaneous_wakes: 3
locations:
  a:
    owner: team
    code: m
    working_directory: src
    cwd: run
    memory_limit: 512Mi
    idle_timeout: never
    placement: standing
    max_concurrent_calls: 4
    load_timeout: 5m
    on_load_error: show
    container_image: reg/image:1
    container_context: {k8s: {namespace: x, labels: [1, true, null]}}
""",
    )
    location = fleet.locations[0]
    assert location == Location(
        name="a",
        placement="standing",
        code=CodeTarget(module_name="m", working_directory=f"{tmp_path}/src"),
        python="/usr/bin/env",
        cwd=f"{tmp_path}/run",
        owner="team",
        memory_limit_bytes=512 * 2**20,
        idle_timeout_s=math.inf,
        max_concurrent_calls=4,
        load_timeout_s=300.0,
        on_load_error="show",
        container_image="reg/image:1",
        container_context={"k8s": {"namespace": "x", "labels": [1, True, None]}},
        where=location.where,
    )
    assert (fleet.memory_budget_bytes, fleet.max_simultaneous_wakes) == (8 * 2**30, 3)
    assert (fleet.kind, fleet.source) == ("reef", f"{tmp_path}/reef.yaml")
    assert fleet.default_python == "/usr/bin/env"


def test_defaults_are_below_the_location_and_null_takes_them_back(tmp_path: Path) -> None:
    text = """
defaults: {owner: all, memory_limit: 1Gi, idle_timeout: 1m, placement: standing, env: {A: all, B: all}}
locations:
  plain: {code: m}
  own: {code: m, owner: me, memory_limit: null, placement: null, env: {B: own, C: own}}
  far: {server: {port: 4000}}
"""
    plain, own, far = _read(tmp_path, text).locations
    assert (plain.owner, plain.memory_limit_bytes, plain.placement) == ("all", 2**30, "standing")
    assert (own.owner, own.memory_limit_bytes, own.idle_timeout_s, own.placement) == (
        "me",
        None,
        60.0,
        "packed",
    )
    assert dict(plain.env) == {"A": "all", "B": "all"}
    assert dict(own.env) == {"A": "all", "B": "own", "C": "own"}
    assert (far.placement, far.server, far.code, far.env) == ("external", ServerAddress(port=4000), None, {})


def test_env_values_are_the_text_that_was_written(tmp_path: Path) -> None:
    location = _one(
        tmp_path, "code: m, env: {A: 1.10, B: yes, C: 007, D: 'x y', E: 2024-01-01, F: '', G: ~}", {"G": "g"}
    )
    expected = {"A": "1.10", "B": "yes", "C": "007", "D": "x y", "E": "2024-01-01", "F": "", "G": "g"}
    assert dict(location.env) == expected


def test_env_as_a_list_and_names_passed_on(tmp_path: Path) -> None:
    fleet = _read(tmp_path, "locations:\n  a: {code: m, env: [A=1=2, B, C, D=]}\n", {"B": "b"})
    assert dict(fleet.locations[0].env) == {"A": "1=2", "B": "b", "D": ""}
    assert [w for w in fleet.warnings if "reef.yaml:2: locations.a.env[2] passes C on, which is not set" in w]


def test_env_files_are_below_env_and_the_later_wins(tmp_path: Path) -> None:
    (tmp_path / "all.env").write_text("A=all\nB=all\nC=all\n")
    (tmp_path / "one.env").write_text("B=one\nC=one\nD=${B}+${HOST}\n")
    fleet = _read(
        tmp_path,
        "defaults: {env_file: all.env, env: {C: default}}\n"
        "locations:\n  a: {code: m, env_file: [one.env], env: {E: own}}\n",
        {"HOST": "h"},
    )
    location = fleet.locations[0]
    assert dict(location.env) == {"A": "all", "B": "one", "C": "default", "D": "one+h", "E": "own"}
    assert location.env_files == (f"{tmp_path}/all.env", f"{tmp_path}/one.env")
    assert fleet.files == (f"{tmp_path}/reef.yaml", *location.env_files)


@pytest.mark.parametrize("written", ["venv", "venv/bin/python", "./venv", "HERE/venv", "py"])
def test_interpreters(written: str, tmp_path: Path) -> None:
    (tmp_path / "venv/bin").mkdir(parents=True)
    (python := tmp_path / "venv/bin/python").symlink_to(_PYTHON)
    (tmp_path / "path").mkdir()
    (tmp_path / "path/py").symlink_to(_PYTHON)
    environ = {"PATH": str(tmp_path / "path")}
    location = _one(tmp_path, f"code: m, python: {written.replace('HERE', str(tmp_path))}", environ)
    expected = tmp_path / "path/py" if written == "py" else python
    assert os.path.normpath(location.python) == str(expected)
    assert location.python_explicit
    assert location.broken is None


def test_what_one_location_lacks_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.env").write_text("A='open")
    (tmp_path / "not-executable").write_text("")
    text = """
locations:
  no python: {code: m, python: /no/python}
  no file: {code: m, env_file: none.env}
  bad file: {code: m, env_file: bad.env}
  no folder: {code: m, cwd: nowhere}
  not executable: {code: m, python: ./not-executable}
  fine: {code: m}
"""
    fleet = _read(tmp_path, text)
    broken = {location.name: location.broken for location in fleet.locations}
    file = f"{tmp_path}/reef.yaml"
    assert broken.pop("fine") is None
    starts = {
        "no python": f'{file}:3: locations.no python.python = "/no/python", /no/python does not exist',
        "no file": f'{file}:4: locations.no file.env_file = "none.env": ',
        "bad file": f'{file}:5: locations.bad file.env_file = "bad.env": {tmp_path}/bad.env:1 is not NAME=VALUE',
        "no folder": f'{file}:6: locations.no folder.cwd = "nowhere", {tmp_path}/nowhere is not a folder',
        "not executable": f'{file}:7: locations.not executable.python = "./not-executable", ',
    }
    assert {name: said and said.startswith(starts[name]) for name, said in broken.items()} == dict.fromkeys(
        starts, True
    )


def test_any_name_is_legal(tmp_path: Path) -> None:
    text = (
        "locations:\n  a b/c: &x {code: m}\n  ünï☃: *x\n  1: *x\n  yes: *x\n  2024-01-01: *x\n  'x: y': *x\n"
    )
    text += "  a.b:\n    <<: *x\n"
    names = [location.name for location in _read(tmp_path, text).locations]
    assert names == ["a b/c", "ünï☃", "1", "yes", "2024-01-01", "x: y", "a.b"]


def test_a_server(tmp_path: Path) -> None:
    assert _one(tmp_path, "server: {host: h, port: 5, ssl: true}").server == ServerAddress("h", 5, None, True)
    assert _one(tmp_path, "server: {socket: s.sock}").server == ServerAddress(socket=f"{tmp_path}/s.sock")


def test_another_name_for_the_file(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text("locations: {a: {code: m.py}}\n")
    (tmp_path / "old.yaml").write_text("load_from: [python_file: m.py]\n")
    assert read(str(tmp_path / "fleet.yaml"), {}, _PYTHON).kind == "reef"
    assert read(str(tmp_path / "old.yaml"), {}, _PYTHON).kind == "workspace"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", HistorySpec(30, 50 << 20)),
        ("history: null\n", HistorySpec()),
        ("history: true\n", HistorySpec()),
        ("history: {}\n", HistorySpec()),
        ("history: off\n", None),
        ('history: "off"\n', None),
        ("history: false\n", None),
        ("history: {days: 7}\n", HistorySpec(days=7)),
        ("history: {days: 90, size: 1Gi}\n", HistorySpec(90, 1 << 30)),
    ],
)
def test_what_is_kept_of_usage(tmp_path: Path, said: str, expected: HistorySpec | None) -> None:
    (tmp_path / "reef.yaml").write_text(f"{said}locations: {{}}\n")
    assert read(str(tmp_path), {}, "/usr/bin/python3").history == expected


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("history: on_change", "off, or a map such as"),
        ("history: {days: 0}", "a whole number from 1 to 400"),
        ("history: {days: 1.5}", "a whole number from 1 to 400"),
        ("history: {size: much}", "a size such as 512Mi"),
        ("history: {week: 1}", "is not a setting"),
    ],
)
def test_what_cannot_be_kept_of_usage(tmp_path: Path, said: str, hint: str) -> None:
    (tmp_path / "reef.yaml").write_text(f"{said}\nlocations: {{}}\n")
    with pytest.raises(ReefError, match=hint) as raised:
        read(str(tmp_path), {}, "/usr/bin/python3")
    assert "reef.yaml:1: history" in str(raised.value)
