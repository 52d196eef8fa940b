"""A fleet of this machine as CodeLocations."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from crd_check import faults

from reef.fleet import read
from reef.kube.render import Rendered, Target, rendered

REEF = """
defaults:
  owner: data
  container_image: acme/base:1
  idle_timeout: 10m
locations:
  sales & more:
    code: {package: sales, attribute: defs}
    memory_limit: 512Mi
    load_timeout: 90s
    max_concurrent_calls: 4
    on_load_error: show
    revalidate: every 10m
    placement: standing
    env: {STAGE: prod}
    container_context: {k8s: {labels: {a: b}}}
  files:
    code: defs/other.py
    working_directory: lib
    cwd: defs
    container_image: acme/files:2
    idle_timeout: null
    renamed_from: old
  legacy:
    owner: null
    idle_timeout: null
    server: {host: legacy, port: 4000, ssl: true}
"""


def fleet(folder: Path, text: str, name: str = "reef.yaml", **target: Any) -> Rendered:
    (folder / name).write_text(text)
    for each in ("defs", "lib"):
        (folder / each).mkdir(exist_ok=True)
    return rendered(read(str(folder), {"HOME": "/h"}, sys.executable), Target(**target), {"HOME": "/h"})


def specs(done: Rendered) -> dict[str, dict[str, Any]]:
    for each in done.locations:
        assert faults(each.document()) == []
    return {each.name: msgspec.to_builtins(each.spec) for each in done.locations}


def test_the_settings_keep_their_names(tmp_path: Path) -> None:
    done = fleet(tmp_path, REEF, workdir="/app", namespace="data")
    assert done.findings == ()
    assert specs(done) == {
        "sales-more": {
            "location_name": "sales & more",
            "owner": "data",
            "image": "acme/base:1",
            "code": {"package": "sales", "attribute": "defs"},
            "memory_limit": "512Mi",
            "load_timeout": "90s",
            "idle_timeout": "10m",
            "max_concurrent_calls": 4,
            "on_load_error": "show",
            "revalidate": "every 10m",
            "placement": "standing",
            "env": [{"name": "STAGE", "value": "prod"}],
            "container_context": {"k8s": {"labels": {"a": "b"}}},
        },
        "files": {
            "owner": "data",
            "image": "acme/files:2",
            "code": {"python_file": "/app/defs/other.py"},
            "working_directory": "/app/lib",
            "cwd": "/app/defs",
            "renamed_from": "old",
        },
        "legacy": {"server": {"host": "legacy", "port": 4000, "ssl": True}},
    }
    assert {each.namespace for each in done.locations} == {"data"}


def test_a_default_is_not_said(tmp_path: Path) -> None:
    """Where nothing is said of a placement, Reef chooses: auto on Kubernetes."""
    (spec,) = specs(fleet(tmp_path, "locations: {sales: {code: sales}}", image="a:1")).values()
    assert spec == {"code": {"module": "sales"}, "image": "a:1"}


def test_paths_stay_relative_where_the_folder_is_not_known(tmp_path: Path) -> None:
    done = fleet(tmp_path, REEF)
    assert specs(done)["files"]["code"] == {"python_file": "defs/other.py"}
    assert specs(done)["files"]["working_directory"] == "lib"
    (finding,) = done.findings
    assert (finding.kind, finding.path) == ("lost", "files.cwd")
    assert "--workdir" in finding.text


def test_no_secret_of_this_machine_is_written(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("TOKEN=hunter2\nSTAGE=dev\n")
    text = "locations: {sales: {code: sales, env_file: secrets.env, env: {STAGE: prod, HOME: null}}}"
    done = fleet(tmp_path, text, image="a:1")
    assert specs(done)["sales"]["env"] == [{"name": "STAGE", "value": "prod"}]
    assert [each.path for each in done.findings] == ["sales.env_file", "sales.env.HOME"]
    listed = fleet(tmp_path, "locations: {sales: {code: sales, env: [HOME, A=b]}}", image="a:1")
    assert specs(listed)["sales"]["env"] == [{"name": "A", "value": "b"}]


def test_what_is_of_this_machine_is_said(tmp_path: Path) -> None:
    text = f"locations: {{sales: {{code: sales, python: {sys.executable}, working_directory: /elsewhere}}}}"
    done = fleet(tmp_path, text, image="a:1")
    assert [each.path for each in done.findings] == ["sales.python", "sales.working_directory"]
    assert "python" not in specs(done)["sales"]


LEFT_OUT = [
    ("locations: {a: {code: sales}}", "has no image"),
    ("locations: {a: {code: /elsewhere/x.py, container_image: i}}", "so not known in the image"),
    ("locations: {a: {server: {socket: /run/x}}}", "is a unix socket"),
]


@pytest.mark.parametrize(("text", "said"), LEFT_OUT)
def test_what_no_image_can_run_is_left_out(text: str, said: str, tmp_path: Path) -> None:
    done = fleet(tmp_path, text)
    assert done.locations == ()
    (finding,) = done.findings
    assert finding.kind == "left_out"
    assert said in finding.text
    assert finding.where


def test_a_workspace_is_a_fleet_too(tmp_path: Path) -> None:
    text = "load_from:\n- python_file: {relative_path: defs/a.py, location_name: a}\n- python_module: b\n"
    found = specs(fleet(tmp_path, text, "workspace.yaml", image="a:1"))
    assert found["a"] == {"code": {"python_file": "defs/a.py"}, "image": "a:1"}
    assert found["b"] == {"code": {"module": "b"}, "image": "a:1"}
