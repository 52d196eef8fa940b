"""What people get wrong in a file: each error names the file, the line, the path, and often the cure."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from reef.errors import ReefError
from reef.fleet import read

_REEF = [
    ("locations:\n  a:\n    code: m\n    memory_limit: 2x\n", 'reef.yaml:4: locations.a.memory_limit = "2x", must be '
     "a size such as 512Mi, 1Gi or 500M", ""),
    ("locations:\n  a: {code: m}\nmemory_budget: lots\n", 'reef.yaml:3: memory_budget = "lots", must be a size', ""),
    ("locations:\n  a:\n    code: m\n    memry_limit: 1Gi\n", "reef.yaml:4: locations.a.memry_limit is not a",
     "did you mean memory_limit?"),
    ("apiVersion: reef.dev/v1\nkind: CodeLocation\nspec: {}\n",
     "reef.yaml:2: kind CodeLocation is an object of Kubernetes", "a checkout of the code"),
    ("location:\n  a: {}\n", "reef.yaml:1: location is not a setting", "did you mean locations?"),
    ("defaults:\n  idleTimeout: 3m\nlocations: {}\n", "reef.yaml:2: defaults.idleTimeout is not", "idle_timeout?"),
    ("locations:\n  a:\n    code: {python_fil: x}\n", "reef.yaml:3: locations.a.code.python_fil is", "python_file?"),
    ("locations:\n  a:\n    code: m\n    zzz: 1\n", "reef.yaml:4: locations.a.zzz is not a", "known here: code"),
    ("locations:\n  a: {code: m}\n  b: {code: m}\n  a: {code: n}\n",
     "reef.yaml:4: locations.a is there twice: first at reef.yaml:2", "unique"),
    ("locations: {}\nlocations: {}\n", "reef.yaml:2: locations is there twice: first at reef.yaml:1", ""),
    ("locations:\n  a: {code: m, idle_timeout: 5}\n",
     "reef.yaml:2: locations.a.idle_timeout = 5, must be a time such as 30s, 10m or 1h30m, or never", ""),
    ("locations:\n  a: {code: m, load_timeout: 0s}\n", 'locations.a.load_timeout = "0s", must be more', ""),
    ("locations:\n  a: {code: m, placement: pod}\n",
     'reef.yaml:2: locations.a.placement = "pod", must be packed, standing or external', ""),
    ("locations:\n  a: {code: m, max_concurrent_calls: 0}\n", "max_concurrent_calls = 0, must be a whole number", ""),
    ("locations:\n  a: {code: m, on_load_error: hide}\n", '.on_load_error = "hide", must be keep or show', ""),
    ("locations:\n  a: {code: {module: m, package: p}}\n", "reef.yaml:2: locations.a.code must have exactly one", ""),
    ("locations:\n  a: {code: {attribute: x}}\n", "reef.yaml:2: locations.a.code must have exactly one", ""),
    ("locations:\n  a: {code: {autoload_defs_module: m, attribute: x}}\n", "a.code.attribute does not fit", ""),
    ("locations:\n  a: {code: some/folder}\n", 'reef.yaml:2: locations.a.code = "some/folder", must be a file', ""),
    ("locations:\n  a:\n    owner: me\n", "reef.yaml:2: locations.a has no code", "server:"),
    ("locations:\n  a: sales.py\n", 'reef.yaml:2: locations.a = "sales.py", must be a map', ""),
    ("locations: [a]\n", "reef.yaml:1: locations = a list of 1, must be a map of location names", ""),
    ("locations:\n  a: {placement: external}\n", "reef.yaml:2: locations.a is external and has no server", "port"),
    ("locations:\n  a: {server: {host: h}}\n", "reef.yaml:2: locations.a.server must have either port or socket", ""),
    ("locations:\n  a: {server: {port: 1, socket: s}}\n", "locations.a.server must have either port or socket", ""),
    ("locations:\n  a: {server: {port: 70000}}\n", "locations.a.server.port = 70000, must be a port from 1 to", ""),
    ("locations:\n  a: {server: {port: 1}, code: m}\n", "reef.yaml:2: locations.a.code does not fit an external", ""),
    ("locations:\n  a: {server: {port: 1}, placement: packed}\n", '.placement = "packed", but the location has', ""),
    ("locations:\n  a: {code: m, env: 3}\n", "locations.a.env must be a map of names to values, or a list", ""),
    ("locations:\n  a: {code: m, env: [=x]}\n", "locations.a.env[0] names no variable", "NAME=VALUE"),
    ("locations:\n  '': {code: m}\n", "reef.yaml:2: locations. is no name for a location", ""),
    ("locations:\n  a:\n    code: *nothing\n", "reef.yaml:3: is not valid YAML: found undefined alias", ""),
    ("locations:\n\ta: 1\n", "reef.yaml:2: is not valid YAML", ""),
    ("locations: &l\n  a: *l\n", "reef.yaml:2: locations.a is an alias of what contains it", ""),
    ("locations:\n  {{ range }}: {}\n", "reef.yaml:2: locations has a key that is not a word", "render it first"),
    ("{% for x in y %}\nlocations: {}\n", "reef.yaml:1: is not valid YAML", "render it first"),
    ("locations: {a: {code: m, max_concurrent_calls: '${CALLS}'}}\n", '= "${CALLS}" is not filled in', "render"),
    ("locations: {a: {code: m}}\ndeploy:\n  wave: [1]\n", "reef.yaml:3: deploy.wave is not a setting",
     "did you mean waves?"),
    ("locations: {a: {code: m}}\ndeploy:\n  waves: [1, 0]\n",
     "reef.yaml:3: deploy.waves = a list of 2, must be a list of numbers", ""),
    ("locations: {a: {code: m}}\ndeploy:\n  waves: [10, 5]\n", "reef.yaml:3: deploy.waves must be numbers from 1 and",
     ""),
    ("locations: {a: {code: m}}\ndeploy:\n  waves: ['120%']\n", "deploy.waves must be numbers from 1 and", ""),
    ("locations: {a: {code: m}}\ndeploy: {waves: []}\n", "deploy.waves = a list of 0, must be a list of numbers", ""),
    ("locations: {a: {code: m}}\ndeploy:\n  soak: 2\n", "reef.yaml:3: deploy.soak = 2, must be a time such as", ""),
    ("locations: {a: {code: m}}\ndeploy: {soak: 0s}\n",
     'deploy.soak = "0s", must be a time such as 30s or 2m, or 0', ""),
    ("locations: {sales: {code: m}}\ndeploy:\n  canary: [sale]\n",
     'reef.yaml:3: deploy.canary[0] = "sale" is no code location', "did you mean sales?"),
    ("locations: {a: {code: m}}\ndeploy: {order: name}\n", 'deploy.order = "name", must be size or owner', ""),
    ("locations: {a: {code: m}}\ndeploy: [1]\n", "deploy = a list of 1, must be a map of settings", ""),
    ("a: 1\n---\nb: 2\n", "reef.yaml:2: is not valid YAML", ""),
    ("locations: {a: {code: '${CODE}'}}\n", 'locations.a.code = "${CODE}" is not filled in', "render it first"),
    ('locations: {a: {code: "a\\0b"}}\n', "reef.yaml:1: locations.a.code has a NUL", ""),
    ('locations: {"\\ud800": {code: m}}\n', "reef.yaml:1: locations has a NUL or half of a surrogate", ""),
    ("locations:\n  a: {code: m, memory_limit: 0Mi}\n", '.memory_limit = "0Mi", must be more than nothing', ""),
    ("memory_budget: '0'\nlocations: {}\n", 'reef.yaml:1: memory_budget = "0", must be more than nothing', ""),
    ("", "reef.yaml: the document has no locations", ""),
    ("- a\n", "reef.yaml:1: the document = a list of 1, must be a map with locations", ""),
    ("python: /no/such/python\nlocations: {}\n", 'reef.yaml:1: python = "/no/such/python", /no/such/python does', ""),
    ("locations: {a: !!python/object:os.system {}}\n", "reef.yaml:1: locations.a has no code", ""),
]  # fmt: skip
_WORKSPACE = [
    ("load_form: []\n", "workspace.yaml:1: load_form is not a setting", "did you mean load_from?"),
    ("", "workspace.yaml: the document must be a map with load_from", ""),
    ("{}\n", "workspace.yaml:1: the document has no load_from", "load_from: []"),
    ("load_from:\n", "workspace.yaml:1: load_from = null, must be a list", ""),
    ("locations: []\n", "workspace.yaml:1: locations is not a setting", "reef.yaml"),
    ("load_from:\n  - python_fle: x\n", "workspace.yaml:2: load_from[0].python_fle is not a kind", "python_file?"),
    ("load_from:\n  - python_file: a.py\n    python_module: b\n", "yaml:2: load_from[0] = {python_file, ", ""),
    ("load_from:\n  - a.py\n", 'workspace.yaml:2: load_from[0] = "a.py", must be a map with exactly one', ""),
    ("load_from:\n  - python_file: 3\n", "load_from[0].python_file = 3, must be a name or a map", ""),
    ("load_from:\n  - python_file: {attribute: x}\n", "workspace.yaml:2: load_from[0].python_file has no relative", ""),
    ("load_from:\n  - python_module: {modul_name: x}\n", ".modul_name is not a setting", "module_name?"),
    ("load_from:\n  - python_module: {module_name: 3}\n", "module_name = 3, must be a string, or {env: NAME}", ""),
    ("load_from:\n  - grpc_server: {port: '4000'}\n", '.port = "4000", must be a port', ""),
    ("load_from:\n  - grpc_server: {host: x}\n", "load_from[0].grpc_server must have either port or socket", ""),
    ("load_from:\n  - grpc_server: {port: ${PORT}}\n", "workspace.yaml:2: ", "render it first"),
    ("load_from:\n  - grpc_server: {host: '${H}', port: 1}\n", '.host = "${H}" is not filled in', "render it first"),
    ("load_from:\n  {{- range .Values.x }}\n  - python_file: x\n", "workspace.yaml:", "render it first"),
    ("load_from:\n  - python_module: m\n  - python_module: m\n", "workspace.yaml:3: two locations are called 'm': "
     "the first is at workspace.yaml:2", "location_name"),
    ("load_from:\n  - python_module: {module_name: m, location_name: ' '}\n", "yaml:2: ' ' is no name", "one letter"),
    ("load_from:\n  - python_module: {module_name: {env: NOT_SET}}\n", "NOT_SET, which is not set", "set it"),
]  # fmt: skip


def _error(folder: Path, name: str, content: bytes, monkeypatch: pytest.MonkeyPatch) -> ReefError:
    (folder / name).write_bytes(content)
    monkeypatch.chdir(folder)
    with pytest.raises(ReefError) as caught:
        read(None, {}, "/usr/bin/python3")
    return caught.value


@pytest.mark.parametrize(("text", "message", "hint"), _REEF)
def test_mistakes_in_reef_yaml(
    text: str, message: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = _error(tmp_path, "reef.yaml", text.encode(), monkeypatch)
    assert message in str(error)
    assert hint in (error.hint or "")
    assert error.where is not None
    assert error.where.file == "reef.yaml"


@pytest.mark.parametrize(("text", "message", "hint"), _WORKSPACE)
def test_mistakes_in_workspace_yaml(
    text: str, message: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = _error(tmp_path, "workspace.yaml", text.encode(), monkeypatch)
    assert message in str(error)
    assert hint in (error.hint or "")


def test_a_secret_is_not_repeated_in_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "locations: {a: {code: m, env: PASSWORD=hunter2}}"
    assert "hunter2" not in str(_error(tmp_path, "reef.yaml", text.encode(), monkeypatch))


def test_what_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = _error(tmp_path, "workspace.yaml", b"load_from:\n  - python_file: \xff\n", monkeypatch)
    assert str(error).startswith("workspace.yaml:2: is not text in UTF-8: byte 28")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["reef.yaml", "workspace.yaml"])
def test_encodings(encoding: str, name: str, tmp_path: Path) -> None:
    reef, workspace = (
        "locations:\n  Zürich/☃: {code: m}\n",
        ("load_from:\n  - python_module: {module_name: m, location_name: Zürich/☃}\n"),
    )
    mark = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
    (tmp_path / name).write_bytes(mark + (reef if name == "reef.yaml" else workspace).encode(encoding))
    fleet = read(str(tmp_path), {}, "/usr/bin/python3")
    assert [location.name for location in fleet.locations] == ["Zürich/☃"]


def test_a_bomb_of_aliases_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    error = _error(tmp_path, "reef.yaml", "\n".join(lines).encode(), monkeypatch)
    assert "100000 values" in error.message


def test_deep_nesting_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = _error(tmp_path, "reef.yaml", b"[" * 5_000, monkeypatch)
    assert "nested too deeply" in error.message


def test_two_files_with_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yaml"):
        Path(name).write_text("load_from:\n  - python_module: m\n")
    with pytest.raises(ReefError, match=r"^b.yaml:2: two locations are called 'm': the first is at a.yaml:2"):
        read(["a.yaml", "b.yaml"], {}, "/usr/bin/python3")


def test_nothing_found_lists_what_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (empty := tmp_path / "empty").mkdir()
    monkeypatch.chdir(empty)
    with pytest.raises(
        ReefError, match=r"no fleet in .*empty; looked for reef.yaml, dg.toml, pyproject.toml with"
    ):
        read(None, {}, "/usr/bin/python3")
    (tmp_path / "workspace.yaml").write_text("load_from: []\n")
    with pytest.raises(ReefError, match=r"hint: there is .*workspace.yaml"):
        read(None, {}, "/usr/bin/python3")


@pytest.mark.parametrize(
    ("path", "hint"), [("nope.yaml", "has workspace.yaml"), ("no/folder", "the folder it is in")]
)
def test_a_path_that_is_not_there(
    path: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("workspace.yaml").write_text("load_from: []\n")
    with pytest.raises(ReefError, match="does not exist") as caught:
        read(path, {}, "/usr/bin/python3")
    assert hint in (caught.value.hint or "")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "reef.yaml").symlink_to("reef.yaml")
    with pytest.raises(ReefError, match=r"does not exist|cannot be read"):
        read(str(tmp_path / "reef.yaml"), {}, "/usr/bin/python3")
