"""`reef doctor` as one uses it: the table, JSON, SARIF, the page, budgets, revisions, and the examples of its page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from doctor_cases import CORPUS

from deadlines import scaled
from reef.records.diagnoses import kept_diagnosis

ROOT = Path(__file__).parents[2]
PACKAGES = CORPUS / "site-packages"
HEAVY = """import dagster as dg
import hv_bytes

@dg.asset
def parsed():
    return hv_bytes.parse("<x>")

defs = dg.Definitions(assets=[parsed])
"""
LIGHT = HEAVY.replace("import hv_bytes\n", "").replace("hv_bytes.parse", "str")
FLEET = """budgets: {memory: 10Mi, locations: {light: {memory: 100Mi}}}
locations:
  heavy: {code: heavy.py, env: {PYTHONPATH: "%(packages)s"}}
  twin: {code: twin.py, env: {PYTHONPATH: "%(packages)s"}}
  light: {code: light.py}
  broken: {code: broken.py}
"""
# The parts of SARIF 2.1.0 that are used here; REEF_TEST_SARIF_SCHEMA names a file with the whole schema.
_PLACE = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {"required": ["uri"], "properties": {"uri": {"type": "string"}}},
                "region": {
                    "required": ["startLine"],
                    "additionalProperties": False,
                    "properties": {
                        name: {"type": "integer", "minimum": 1}
                        for name in ("startLine", "endLine", "startColumn", "endColumn")
                    },
                },
            },
        }
    },
}
SARIF = {
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "results": {
                        "items": {
                            "required": ["message", "ruleId"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"]},
                                "locations": {"items": _PLACE},
                                "relatedLocations": {"items": _PLACE, "uniqueItems": True},
                            },
                        }
                    }
                },
            }
        },
    },
}


def doctor(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reef.cli.main", "doctor", *words]
    return run(command, folder, env)


def run(command: list[str], folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    whole = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **env}
    return subprocess.run(command, cwd=folder, env=whole, capture_output=True, text=True, timeout=scaled(110))


def fleet(folder: Path) -> Path:
    (folder / "reef.yaml").write_text(FLEET % {"packages": PACKAGES})
    (folder / "heavy.py").write_text(HEAVY)
    (folder / "twin.py").write_text(HEAVY)
    (folder / "light.py").write_text(LIGHT)
    (folder / "broken.py").write_text("import dagster\nimport not_there\n")
    return folder


class _Attributes(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.values: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.values += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One run over the fleet, with all that it can write."""
    folder = fleet(tmp_path_factory.mktemp("fleet"))
    return folder, doctor(folder, "--full", "--check", "--sarif", "out.sarif", "--html", "out.html")


def test_the_table_says_who_and_where_in_a_hundred_columns(
    whole: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, done = whole
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert any(re.search(r"run +heavy +heavy\.py:2$", line) for line in lines), done.stdout
    assert "    import hv_bytes" in lines
    assert any(line.startswith("hv_bytes: 2 locations, 60.") for line in lines)
    assert "hv_bytes: 2 locations only need it to run, so it could be a shared service" in done.stdout
    assert any("broken.py:2" in line and "not_there" in line for line in lines)
    assert "4 locations, 2 findings to look at, 1 did not load" in lines


def test_over_budget_is_status_1_with_the_line_at_fault(
    whole: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, done = whole
    assert done.returncode == 1, done.stderr
    assert "over budget: heavy: 30." in done.stdout
    assert "10.5 MB allowed (heavy.py:2)" in done.stdout
    assert "over budget: broken: does not load" in done.stdout
    assert "over budget: light" not in done.stdout


def test_progress_goes_to_stderr(whole: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = whole
    assert len(re.findall(r"^\d/4 ", done.stderr, re.MULTILINE)) == 4


def test_sarif_is_valid_and_names_the_lines(whole: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = whole
    log = json.loads((folder / "out.sarif").read_text())
    jsonschema.validate(log, _sarif_schema())
    results = log["runs"][0]["results"]
    heavy = next(one for one in results if one["ruleId"] == "reef/import")
    place = heavy["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("heavy.py", 2)
    assert {one["ruleId"] for one in results} == {"reef/import", "reef/trouble", "reef/budget"}


def _sarif_schema() -> dict[str, Any]:
    file = os.environ.get("REEF_TEST_SARIF_SCHEMA")
    found: dict[str, Any] = json.loads(Path(file).read_text()) if file else SARIF
    return found


def test_the_page_is_whole_and_asks_nobody(whole: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = whole
    text = (folder / "out.html").read_text()
    seen = _Attributes()
    seen.feed(text)
    assert seen.values == []
    assert "script" not in seen.tags
    assert "svg" in seen.tags
    assert "url(" not in text
    assert "hv_bytes" in text


def test_the_page_escapes_what_comes_from_outside() -> None:
    from reef.doctor.findings import Costs, Diagnosis, Trouble
    from reef.doctor.flames import Flame
    from reef.doctor.page import page_of
    from reef.doctor.report import report_of

    bad = "<script>alert(1)</script>\"'"
    trouble = Trouble(kind="error", message=bad, file=bad, line=1)
    own = Costs(private_bytes=10**7)
    one = Diagnosis(location=bad, load=Costs(), own=own, definitions={}, trouble=(trouble,))
    flame = Flame("location", 10**7, 1.0, "", (Flame(bad, 10**7, 1.0, bad),))
    text = page_of(report_of(f"/x/{bad}", "/x", [one]), {bad: flame})
    seen = _Attributes()
    seen.feed(text)
    assert "script" not in seen.tags
    assert "&lt;script&gt;" in text


def test_json_of_one_location(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    done = doctor(fleet(tmp_path), "heavy", "--json", REEF_STATE_DIR=str(state))
    kept = kept_diagnosis(state, "heavy")
    assert kept is not None, "a host's page shows what was found last"
    assert kept.lines[0].startswith("heavy.py:2: import of hv_bytes costs ")
    (one,) = json.loads(done.stdout)["diagnoses"]
    (finding,) = one["findings"]
    assert (one["location"], finding["line"], finding["needed"], finding["measured"]) == (
        "heavy",
        2,
        "run",
        True,
    )
    assert abs(finding["saving_bytes"] - 30_000_000) < 2_000_000
    assert finding["under_reef_bytes"] == 0 < finding["standing_bytes"]
    assert one["own"]["private_bytes"] < one["load"]["private_bytes"]


MISTAKES = {
    "no such location": (["hevy"], "'hevy' is no code location", "heavy"),
    "no size": (["--memory", "much"], "--memory = much, must be a size", ""),
    "no span": (["--time", "0"], "--time = 0, must be a time", ""),
    "two for one output": (["--json", "--sarif", "-"], "want standard output", ""),
    "no fleet": (["-f", "nowhere"], "nowhere", "does not exist"),
    "no commit": (["--since", "nothing"], "in no git repository", ""),
    "no folder": (["light", "--html", "no/such/page.html"], "cannot be written", ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_message_and_status_2(tmp_path: Path, name: str) -> None:
    words, said, more = MISTAKES[name]
    done = doctor(fleet(tmp_path), *words)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert more in done.stderr
    assert "Traceback" not in done.stderr


BUDGETS = {
    "budgets: {memory: lots}": 'reef.yaml:1: budgets.memory = "lots", must be a size',
    "budgets: {memori: 1Gi}": "reef.yaml:1: budgets.memori is not a setting",
    "budgets: {threads: -1}": "reef.yaml:1: budgets.threads = -1, must be a whole number from 0",
    "budgets: {locations: {hevy: {memory: 1Gi}}}": "reef.yaml:1: budgets.locations.hevy is no code location",
    "doctor: {time: soon}": 'reef.yaml:1: doctor.time = "soon", must be a time',
}


@pytest.mark.parametrize("text", BUDGETS)
def test_a_wrong_budget_names_its_line(tmp_path: Path, text: str) -> None:
    folder = fleet(tmp_path)
    rest = (folder / "reef.yaml").read_text().split("\n", 1)[1]
    (folder / "reef.yaml").write_text(f"{text}\n{rest}")
    done = doctor(folder, "light")
    assert (done.returncode, BUDGETS[text] in done.stderr) == (2, True), done.stderr


def test_check_without_budgets_is_a_mistake(tmp_path: Path) -> None:
    folder = fleet(tmp_path)
    (folder / "reef.yaml").write_text("locations: {light: {code: light.py}}\n")
    done = doctor(folder, "--check")
    assert (done.returncode, "--check needs budgets" in done.stderr) == (2, True)


PROJECT = """[project]
name = "weighed"
[tool.dagster]
module_name = "weighed"
[tool.reef.budgets]
memory = "%s"
"""


def test_a_wrong_budget_of_a_project_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT % "much")
    done = doctor(tmp_path, "--check")
    assert 'pyproject.toml:6: tool.reef.budgets.memory = "much"' in done.stderr
    assert done.returncode == 2


def git(folder: Path, *words: str) -> str:
    names = {
        f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *words], cwd=folder, env={**environ, **names}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def committed(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")


def test_since_shows_only_what_got_heavier(tmp_path: Path) -> None:
    folder = fleet(tmp_path)
    git(folder, "init", "-q", "-b", "main")
    committed(folder)
    (folder / "heavy.py").write_text(
        HEAVY.replace("import hv_bytes", "# a comment\nimport hv_bytes\nimport hv_mmap")
    )
    done = doctor(folder, "--since", "main", "--json", "heavy", "twin")
    report = json.loads(done.stdout)
    grown = [one for diagnosis in report["diagnoses"] for one in diagnosis["findings"]]
    assert [(one["location"], one["line"], one["module"]) for one in grown] == [("heavy", 4, "hv_mmap")]
    assert len(report["since"]) == 40
    assert git(folder, "worktree", "list").count("\n") == 0


def examples() -> dict[str, Any]:
    """The YAML of docs/doctor.md by the file that its first line names."""
    text = (ROOT / "docs" / "doctor.md").read_text()
    found = re.findall(r"```yaml\n# (\S+)\n(.*?)```", text, re.DOTALL)
    return {name: yaml.safe_load(body) for name, body in found}


def project(folder: Path, budget: str) -> Path:
    """A project with one heavy location, whose `origin` has a branch main."""
    (folder / "pyproject.toml").write_text(PROJECT % budget)
    (folder / "weighed.py").write_text(HEAVY)
    git(folder, "init", "-q", "-b", "main")
    committed(folder)
    git(folder, "update-ref", "refs/remotes/origin/main", "main")
    return folder


@pytest.mark.parametrize(("budget", "status"), [("10Mi", 1), ("1Gi", 0)])
def test_the_example_for_github_runs(tmp_path: Path, budget: str, status: int) -> None:
    """Its own commands, but for those that install: `pip` and the actions of others are not run here."""
    workflow = examples()[".github/workflows/weight.yml"]
    commands = [
        step["run"] for step in workflow["jobs"]["doctor"]["steps"] if "reef doctor" in step.get("run", "")
    ]
    check, since = (command.replace("${{ github.base_ref }}", "main") for command in commands)
    folder = project(tmp_path, budget)
    env = {"PYTHONPATH": str(PACKAGES)}
    done = run(["bash", "-e", "-c", check], folder, env)
    assert done.returncode == status, done.stdout + done.stderr
    assert json.loads((folder / "weight.sarif").read_text())["runs"]
    if status:
        assert run(["bash", "-e", "-c", since], folder, env).returncode == 0


def test_the_example_for_pre_commit_runs(tmp_path: Path) -> None:
    """What pre-commit would run: its entry, in the repository, without names of files."""
    (hook,) = examples()[".pre-commit-config.yaml"]["repos"][0]["hooks"]
    assert (hook["language"], hook["pass_filenames"]) == ("system", False)
    folder = project(tmp_path, "10Mi")
    done = run(["bash", "-e", "-c", hook["entry"]], folder, {"PYTHONPATH": str(PACKAGES)})
    assert (done.returncode, "over budget: weighed" in done.stdout) == (1, True), done.stderr


def test_the_examples_of_settings_can_be_read(tmp_path: Path) -> None:
    from reef.fleet import read

    text = (ROOT / "docs" / "doctor.md").read_text()
    (tmp_path / "reef.yaml").write_text(re.findall(r"```yaml\n# reef.yaml\n(.*?)```", text, re.DOTALL)[0])
    spec = read(str(tmp_path), {}, sys.executable).doctor
    assert spec.budgets.of("sales analytics").memory_bytes == 2**30
    assert spec.budgets.of("sales analytics").threads == 4
    assert spec.memory_bytes == 20 * 2**20
    (tmp_path / "reef.yaml").unlink()
    toml = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)[0]
    (tmp_path / "pyproject.toml").write_text(f'[tool.dagster]\nmodule_name = "x"\n{toml}')
    spec = read(str(tmp_path), {}, sys.executable).doctor
    assert (spec.budgets.of("x").load_time_s, spec.time_s) == (5.0, 1.0)
