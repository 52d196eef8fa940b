"""Proposals as changes of files that people wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from reef.cli.usage_patch import put_patch
from reef.decide.sizing.proposal import GIB, MIB, Figure, Has, Proposal, nothing
from reef.decide.sizing.used import Used, Watch
from reef.errors import ReefError
from reef.kube.quantities import cpu_text, quantity
from reef.usage.history import Seen
from reef.usage.judging import Judged
from reef.usage.patching import patched, transplanted
from reef.usage.target import target

REEF = """\
# the fleet
defaults: {memory_limit: 2Gi}   # for all
locations:
    sales analytics:            # odd indentation, on purpose
        code: sales.py

        owner: "team-sales"     # asks: anna
    legacy: {server: {host: legacy, port: 4000}}
    forecasts:
        code: forecasts.py
        placement: standing   # why?
        memory_limit: '8Gi'
"""
VALUES = """\
---
global: {postgresqlSecretName: x}   # kept
dagster-user-deployments:
  enabled: true
  deployments:
  # first
  - name: "sales"
    image: {repository: r/sales, tag: 1.0, pullPolicy: Always}
    dagsterApiGrpcArgs: [-m, sales]
    port: 3030
    resources:
      # somebody guessed
      limits:
        memory: 4Gi
      requests:
        cpu: "1"          # one
        memory: 4Gi
  - name: plain
    image: {repository: r/plain, tag: "2"}
    dagsterApiGrpcArgs: ["-m", "plain"]
    port: 3030
    resources: {}
  - name: bare
    image: {repository: r/bare, tag: "2"}
    dagsterApiGrpcArgs: ["-m", "bare"]
    port: 3030
"""
LOCATIONS = """\
apiVersion: dagster-reef.io/v1alpha1
kind: CodeLocation
metadata:
  name: sales
spec:
  image: r/sales:1   # pinned
  code: {module: sales}
  placement: standing
  resources: {requests: {memory: 4Gi, cpu: 1}, limits: {memory: 4Gi}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
data:
  script: |
    a
      b
---
apiVersion: dagster-reef.io/v1alpha1
kind: CodeLocation
metadata: {name: plain}
spec:
  image: r/plain:1
  code: {module: plain}
"""


def judged(name: str, has: Has, **figures: float | str) -> Judged:
    none = nothing("")
    named = {key: Figure(value, "because") for key, value in figures.items()}
    found = replace(none, none_because=None, **named)  # type: ignore[arg-type]
    return Judged(name, "history", has, Seen((), Watch()), Used(), found, found)


def proposed(*names: str) -> list[Judged]:
    return [
        judged(
            name,
            Has(),
            memory_request=224 * MIB,
            memory_limit=320 * MIB,
            cpu_request=0.035,
            placement="packed",
        )
        for name in names
    ]


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def lines_changed(said: str) -> list[str]:
    return [line for line in said.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def diff_of(capsys: pytest.CaptureFixture[str], path: Path, *names: str, apply: bool = False) -> list[str]:
    put_patch(target(str(path)), proposed(*names), write=apply, as_json=False)
    return lines_changed(capsys.readouterr().out)


def test_a_reef_yaml_changes_in_its_values_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "reef.yaml", REEF)
    assert diff_of(capsys, path, "sales analytics", "forecasts") == [
        "+        memory_limit: 320Mi",
        "+        placement: packed",
        "-        placement: standing   # why?",
        "-        memory_limit: '8Gi'",
        "+        placement: packed     # why?",
        "+        memory_limit: '320Mi'",
    ]
    assert path.read_text() == REEF


def test_what_is_set_is_read_with_its_defaults(tmp_path: Path) -> None:
    found = {each.name: each.has for each in target(str(write(tmp_path / "r.yaml", REEF))).places}
    assert found["sales analytics"] == Has(memory_limit=2 * GIB, placement="packed")
    assert found["forecasts"] == Has(memory_limit=8 * GIB, placement="standing")
    assert found["legacy"].placement == "external"


def test_values_of_the_chart_change_in_their_resources_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "values.yaml", VALUES)
    assert next(each.has for each in target(str(path)).places) == Has(4 * GIB, 4 * GIB, 1.0, None, "standing")
    assert diff_of(capsys, path, "sales", "bare", apply=True) == [
        "-        memory: 4Gi",
        "+        memory: 320Mi",
        '-        cpu: "1"          # one',
        "-        memory: 4Gi",
        '+        cpu: "35m"        # one',
        "+        memory: 224Mi",
        "+    resources:",
        "+      requests:",
        "+        memory: 224Mi",
        "+        cpu: 35m",
        "+      limits:",
        "+        memory: 320Mi",
    ]
    written = path.read_text()
    assert "# somebody guessed" in written
    assert written.startswith("---\nglobal: {postgresqlSecretName: x}   # kept")
    deployments = yaml.safe_load(written)["dagster-user-deployments"]["deployments"]
    wanted = {"requests": {"memory": "224Mi", "cpu": "35m"}, "limits": {"memory": "320Mi"}}
    assert [each.get("resources") for each in deployments] == [wanted, {}, wanted]


def test_empty_resources_are_filled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "values.yaml", VALUES)
    diff_of(capsys, path, "plain", apply=True)
    deployment = yaml.safe_load(path.read_text())["dagster-user-deployments"]["deployments"][1]
    assert deployment["resources"]["requests"] == {"memory": "224Mi", "cpu": "35m"}


def test_code_locations_change_in_their_own_documents(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "locations.yaml", LOCATIONS)
    diff_of(capsys, path, "sales", "plain", apply=True)
    written = path.read_text()
    first, other, last = yaml.safe_load_all(written)
    assert first["spec"]["resources"] == {
        "requests": {"memory": "224Mi", "cpu": "35m"},
        "limits": {"memory": "320Mi"},
    }
    assert first["spec"]["placement"] == "auto"
    assert last["spec"]["resources"] == first["spec"]["resources"]
    assert other == list(yaml.safe_load_all(LOCATIONS))[1]
    assert "image: r/sales:1   # pinned" in written


def test_applied_to_a_link_the_file_changes_and_keeps_its_mode(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = write(tmp_path / "real.yaml", REEF)
    real.chmod(0o640)
    link = tmp_path / "reef.yaml"
    link.symlink_to(real)
    assert diff_of(capsys, link, "forecasts", apply=True)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "memory_limit: '320Mi'" in real.read_text()


def test_a_diff_can_be_applied_by_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "reef.yaml", REEF)
    put_patch(target(str(path)), proposed("forecasts"), write=False, as_json=False)
    said = capsys.readouterr().out
    done = subprocess.run(
        ["git", "apply", "--unsafe-paths", "--directory", "/", "-p1", "-"],
        input=said,
        text=True,
        capture_output=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(path.read_text())["locations"]["forecasts"]["memory_limit"] == "320Mi"


def test_as_json_there_is_each_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "values.yaml", VALUES)
    put_patch(target(str(path)), proposed("bare"), write=False, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert said["kind"] == "helm-values"
    assert said["changes"][0] == {
        "document": 0,
        "path": ["dagster-user-deployments", "deployments", 2, "resources", "requests", "memory"],
        "value": "224Mi",
    }


@pytest.mark.parametrize("kind", ["reef.yaml", "codelocations", "helm-values"])
def test_without_a_file_there_is_what_to_merge(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put_patch(target(kind), proposed("sales"), write=False, as_json=False)
    (document,) = yaml.safe_load_all(capsys.readouterr().out)
    text = json.dumps(document)
    assert "320Mi" in text
    assert ("224Mi" in text) == (kind != "reef.yaml")
    with pytest.raises(ReefError, match="needs the path of a file"):
        put_patch(target(kind), proposed("sales"), write=True, as_json=False)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("nothing.yaml", None, "there is no such file"),
        ("list.yaml", "- 1\n", "is no reef.yaml"),
        ("broken.yaml", "a: [\n", "is not valid YAML"),
        ("pod.yaml", "apiVersion: v1\nkind: Pod\n", "is no reef.yaml"),
    ],
)
def test_what_is_no_such_file_is_said(tmp_path: Path, name: str, text: str | None, says: str) -> None:
    path = tmp_path / name
    if text is not None:
        write(path, text)
    with pytest.raises(ReefError, match=says):
        target(str(path))


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "reef.yaml", REEF)
    chosen = target(str(path))
    write(path, REEF + "# more\n")
    with pytest.raises(ReefError, match="was changed meanwhile"):
        chosen.replace("x")
    assert path.read_text() == REEF + "# more\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_takes_nothing_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "reef.yaml", REEF)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ReefError, match="cannot be written"):
            target(str(path)).replace("x")
    finally:
        tmp_path.chmod(0o700)


def test_lines_that_ruamel_would_write_otherwise_stay() -> None:
    text = 'a:   {b: 1}\n\n\nlist:\n      - "x"\n      -   y\nlocations:\n      one:\n            c: 1\n'
    done = patched(text, {(0, ("locations", "one", "memory_limit")): "1Gi"}, "f")
    assert done == text + "            memory_limit: 1Gi\n"
    assert transplanted("a\nb\n", "x\nb\n", "x\nc\nb\n") == "a\nc\nb\n"
    assert transplanted("a\nb\n", "x\nx\nx\nb\n", "x\nx\ny\nb\n") is None


def test_what_an_anchor_shares_changes_for_one_alone() -> None:
    text = """\
base: &base
  resources: &most {requests: {memory: 4Gi}}
one: {<<: *base, name: a}
two:
  name: b
  resources: *most
three:
  <<: *base
"""
    path = ("resources", "requests", "memory")
    done = yaml.safe_load(patched(text, {(0, ("one", *path)): "1Gi", (0, ("two", *path)): "2Gi"}, "f"))
    memory = {name: each["resources"]["requests"]["memory"] for name, each in done.items()}
    assert memory == {"base": "4Gi", "one": "1Gi", "two": "2Gi", "three": "4Gi"}


def test_without_ruamel_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    write(tmp_path / "ruamel.py", "raise ImportError\n")
    code = "from reef.usage.patching import patched; patched('a: 1', {(0, ('a',)): '2'}, 'f')"
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert "a patch of a file needs ruamel.yaml, which is not installed" in done.stderr


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500m", 0.5),
        ("1Gi", 2**30),
        (2, 2.0),
        ("1.5G", 1.5e9),
        ("12E", 12e18),
        ("1e3", 1000.0),
        ("x", None),
        (True, None),
        ("-1", None),
        (None, None),
        ("nan", None),
    ],
)
def test_quantities(text: object, value: float | None) -> None:
    assert quantity(text) == value


def test_processors_as_people_write_them() -> None:
    assert [cpu_text(each) for each in (0.035, 1.0, 1.5)] == ["35m", "1", "1500m"]


def test_a_proposal_that_is_none_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "reef.yaml", REEF)
    none: Proposal = nothing("too few")
    found = Judged("forecasts", "history", Has(), Seen((), Watch()), Used(), none, none)
    put_patch(target(str(path)), [found], write=True, as_json=False)
    said = capsys.readouterr()
    assert said.out == ""
    assert "nothing to change" in said.err
    assert "forecasts: no proposal: too few" in said.err
    assert path.read_text() == REEF
