"""What interpreters are said to be, and what is said of those that are none."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_venvs import MakeVenv, install, run

from deadlines import scaled, until
from reef.environments import Environment, EnvironmentProblem, inspect, inspect_all


def look(python: Path | str, **options: object) -> Environment | EnvironmentProblem:
    return asyncio.run(inspect(str(python), **options))  # type: ignore[arg-type]


def environment(venv: Path) -> Environment:
    found = look(venv / "bin/python")
    assert isinstance(found, Environment), found
    return found


def script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_an_environment_says_what_its_interpreter_says(plain: Path) -> None:
    found = environment(plain)
    said = subprocess.run(
        [
            plain / "bin/python",
            "-I",
            "-c",
            "import sys; print(sys.prefix, sys.base_prefix, *sys.path, sep='\\n')",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert [found.prefix, found.base_prefix, *found.sys_path] == said
    assert found.version == sys.version_info[:3]
    assert found.real_python == os.path.realpath(sys.executable)
    assert found.dagster_version == "1.0"
    assert {n: d.version for n, d in found.distributions.items()} == {"dagster": "1.0", "nsone": "1.0"}
    assert {d.origin for d in found.distributions.values()} == {"index"}


def test_equal_installations_elsewhere_have_one_fingerprint(plain: Path, twin: Path) -> None:
    one, other = environment(plain), environment(twin)
    assert one.prefix != other.prefix
    assert one.fingerprint == other.fingerprint
    assert one.build == other.build


def test_a_file_that_record_does_not_know_changes_its_distribution(plain: Path, make_venv: MakeVenv) -> None:
    venv = make_venv("patched", "dagster==1.0", "nsone")
    site = Path(environment(venv).site_dirs[0])
    core = site / "dagster/core.py"
    core.unlink()  # hard-linked by the installer: the others must not see this
    core.write_text("# patched by hand, RECORD still says otherwise\n")
    (site / "shared_ns/one/added.py").write_text("")
    before, after = environment(plain), environment(venv)
    for name in ("dagster", "nsone"):
        assert before.distributions[name].digest != after.distributions[name].digest
    assert before.build == after.build
    assert before.fingerprint != after.fingerprint


def test_bytecode_and_scripts_do_not_count(plain: Path, make_venv: MakeVenv) -> None:
    venv = make_venv("compiled", "dagster==1.0", "nsone")
    subprocess.run(
        [venv / "bin/python", "-m", "compileall", "-q", venv / "lib"],
        check=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
    )
    assert list(venv.rglob("core.*.pyc"))
    assert environment(venv).fingerprint == environment(plain).fingerprint


def test_files_belong_to_distributions_also_in_a_shared_namespace(make_venv: MakeVenv) -> None:
    venv = make_venv("namespaces", "dagster==1.0", "nsone", "nstwo")
    site = Path(environment(venv).site_dirs[0])
    (site / "dropped_in.py").write_text("")
    found = environment(venv)
    names = {
        "shared_ns/one/a.py": "nsone",
        "shared_ns/two.py": "nstwo",
        "nstwo_top.py": "nstwo",
        "dagster/core.py": "dagster",
        "dropped_in.py": "(unowned)",
    }
    for path, name in names.items():
        owner = found.owner(str(site / path))
        assert owner is not None
        assert owner.name == name, path
    assert found.own_file(str(site / "dagster/core.py"))
    assert not found.own_file(str(site / "dropped_in.py"))
    assert found.own_file(os.__file__)
    assert found.owner("/elsewhere/x.py") is None


def test_working_copies_are_first_party(make_venv: MakeVenv, house: Path, tmp_path: Path) -> None:
    venv = make_venv("editable", "dagster==1.0")
    project = tmp_path / "my lib"
    (project / "src/mylib").mkdir(parents=True)
    (project / "src/mylib/__init__.py").write_text("")
    site = Path(environment(venv).site_dirs[0])
    info = site / "mylib-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: MyLib\nVersion: 0.1\n")
    (info / "direct_url.json").write_text(
        f'{{"url": "file://{str(project).replace(" ", "%20")}", "dir_info": {{"editable": true}}}}'
    )
    (info / "RECORD").write_text(
        "_mylib.pth,,\nmylib-0.1.dist-info/METADATA,,\nmylib-0.1.dist-info/RECORD,,\n"
    )
    (site / "_mylib.pth").write_text(f"{project}/src\nimport os; os.environ.get('MYLIB_DEBUG')\n")
    found = environment(venv)
    mine = found.distributions["mylib"]
    assert (mine.origin, mine.source, mine.first_party) == ("editable", str(project), True)
    assert found.working_copies == {"mylib": str(project / "src")}
    assert found.sys_path[-1] == str(project / "src")
    assert "MYLIB_DEBUG" in found.pth_variables
    assert not found.own_file(str(project / "src/mylib/__init__.py"))


def test_a_folder_of_the_machine_that_built_a_package_is_not_a_working_copy(make_venv: MakeVenv) -> None:
    venv = make_venv("conda-like", "dagster==1.0", "nsone")
    site = Path(environment(venv).site_dirs[0])
    note = site / "nsone-1.0.dist-info/direct_url.json"
    note.write_text('{"url": "file:///home/builder/feedstock/work", "dir_info": {}}')
    assert environment(venv).distributions["nsone"].origin == "index"


def test_a_wheel_file_is_a_distribution_like_any_other(make_venv: MakeVenv, house: Path) -> None:
    venv = make_venv("archive", "dagster==1.0")
    install(venv, house, house / "nsone-1.0-py3-none-any.whl")
    found = environment(venv).distributions["nsone"]
    assert (found.origin, found.first_party) == ("archive", False)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("not-python", "#!/bin/sh\necho hello\n", "did not answer as a Python interpreter does"),
        ("broken", "#!/bin/sh\necho 'cannot find libpython' >&2; exit 127\n", "cannot find libpython"),
        ("hangs", "#!/bin/sh\nexec sleep 600\n", "did not answer within 1 s"),
        ("unrunnable", "\x00\x01\x02", "cannot be run"),
        (
            "old",
            "#!/bin/sh\necho; echo 'reef-environment {\"version\": [3, 9, 1]}'\n",
            "Python 3.9, older than 3.10",
        ),
    ],
)
def test_what_is_no_interpreter_is_told_not_raised(tmp_path: Path, name: str, text: str, reason: str) -> None:
    found = look(script(tmp_path / name, text), timeout_s=1.0)
    assert isinstance(found, EnvironmentProblem)
    assert reason in found.reason
    assert str(tmp_path / name) in found.reason
    assert found.hint


def test_missing_interpreters_folders_and_permissions(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("")
    problems = asyncio.run(inspect_all([str(tmp_path / "none"), str(tmp_path), str(tmp_path / "python")]))
    reasons = [p.reason for p in problems.values() if isinstance(p, EnvironmentProblem)]
    assert [r.split(str(tmp_path))[1] for r in reasons] == [
        "/none does not exist",
        " is a folder, not an interpreter",
        "/python may not be executed",
    ]


def test_an_interpreter_without_dagster(make_venv: MakeVenv) -> None:
    found = look(make_venv("empty") / "bin/python")
    assert isinstance(found, EnvironmentProblem)
    assert "has no Dagster" in found.reason
    assert "uv pip install" in found.hint


def test_an_interpreter_that_talks_at_start_is_understood(make_venv: MakeVenv) -> None:
    venv = make_venv("chatty", "dagster==1.0")
    site = Path(environment(venv).site_dirs[0])
    (site / "sitecustomize.py").write_text(
        "print('hello', end='')\nimport sys; sys.meta_path.append(type('F', (), {}))\n"
    )
    found = environment(venv)
    assert found.customize
    assert "sitecustomize" in found.finders


def test_what_the_caller_sets_for_its_own_python_does_not_show(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shadow.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    assert str(tmp_path) not in environment(plain).sys_path


def test_the_second_look_reads_no_file(plain: Path, twin: Path, tmp_path: Path) -> None:
    pythons = [str(plain / "bin/python"), str(twin / "bin/python")]
    first = asyncio.run(inspect_all(pythons, cache=tmp_path / "cache"))
    asked = time.monotonic()
    second = asyncio.run(inspect_all(pythons, cache=tmp_path / "cache"))
    assert second == first
    assert time.monotonic() - asked < scaled(1.0)
    for stored in (tmp_path / "cache").glob("*.json"):
        stored.write_bytes(stored.read_bytes()[:-40])
    assert asyncio.run(inspect_all(pythons, cache=tmp_path / "cache")) == first


def test_hard_links_are_read_once(plain: Path, twin: Path) -> None:
    from reef.environments.ask import ask
    from reef.environments.filehash import FileHashes
    from reef.environments.survey import Survey

    links = os.stat(next(plain.glob("lib/*/site-packages/dagster/core.py"))).st_nlink
    if links < 2:
        pytest.skip("the installer did not hard-link here")
    hashes = FileHashes()
    survey = Survey(hashes)
    for venv in (plain, twin):
        before = hashes.read
        facts = ask(str(venv / "bin/python"))
        assert not isinstance(facts, EnvironmentProblem)
        assert isinstance(survey.environment(str(venv / "bin/python"), facts), Environment)
    own = sum(1 for path in twin.rglob("*") if path.is_file() and os.stat(path).st_nlink == 1)
    assert hashes.read - before <= own


def is_running(pid: int) -> bool:
    """There, and no zombie: who its parent is depends on what else ran in this process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_cancelled_look_leaves_no_process(tmp_path: Path) -> None:
    mark = tmp_path / "running"
    hang = script(tmp_path / "hang", f"#!/bin/sh\necho $$ > {mark}\nexec sleep 600\n")

    async def cancelled() -> None:
        task = asyncio.create_task(inspect(str(hang)))
        while not mark.exists() or not mark.read_text().strip():
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(cancelled())
    pid = int(mark.read_text())
    until(lambda: not is_running(pid), 10, "for it to end")


def test_run_reports_its_failure() -> None:
    with pytest.raises(AssertionError):
        run("uv", "no-such-command")
