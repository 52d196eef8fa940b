"""`reef render`, `reef import`, `reef export helm` and `reef schema --crd`, as a person types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from normal import deployments
from samples import FULL, MANY, loaded
from test_corrected import ARTICLE, WANTED
from test_workspace_and_cloud import CLOUD, WORKSPACE

from deadlines import scaled
from reef.kube.model.crd import definition


def reef(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from reef.cli.main import main; main()", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=scaled(30),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "values.yaml").write_text(FULL)
    (tmp_path / "many.yaml").write_text(MANY)
    (tmp_path / "article.yaml").write_text(ARTICLE)
    (tmp_path / "workspace.yaml").write_text(WORKSPACE)
    (tmp_path / "dagster_cloud.yaml").write_text(CLOUD)
    return tmp_path


def test_stdout_is_what_kubectl_applies(folder: Path) -> None:
    done = reef(folder, "import", "helm", "values.yaml", "-n", "data")
    assert done.returncode == 0, done.stderr
    kinds = [each["kind"] for each in yaml.safe_load_all(done.stdout)]
    assert kinds == ["ServiceAccount", "Role", "RoleBinding", "CodeLocation"]
    assert "\n# dagster-user-deployments:\n#   enabled: true\n#   enableSubchart: false\n" in done.stdout
    assert "values.yaml:68: kept: dagster-user-deployments.deployments[0].readinessProbe: " in done.stderr
    assert "1 CodeLocation, 0 left out" in done.stderr


def test_there_and_back_in_files(folder: Path) -> None:
    done = reef(folder, "import", "helm", "many.yaml", "-o", "out")
    assert (done.returncode, done.stdout) == (0, "")
    assert sorted(each.name for each in (folder / "out").iterdir()) == [
        "codelocations.yaml",
        "values-off.yaml",
    ]
    off = yaml.safe_load((folder / "out" / "values-off.yaml").read_text())
    assert off["dagsterWebserver"]["workspace"]["externalConfigmap"] == "reef-workspace"
    for source in ("out", "out/codelocations.yaml"):
        back = reef(folder, "export", "helm", source)
        assert back.returncode == 0, back.stderr
        key = "dagster-user-deployments"
        assert deployments(yaml.safe_load(back.stdout)[key]) == deployments(loaded(MANY)[key])
    written = reef(folder, "export", "helm", "out", "-o", "back.yaml", "--key", ".")
    assert (written.returncode, written.stdout) == (0, "")
    assert "deployments" in yaml.safe_load((folder / "back.yaml").read_text())


def test_a_file_that_is_nearly_right_is_printed_corrected(folder: Path) -> None:
    done = reef(folder, "import", "helm", "article.yaml")
    assert done.returncode == 0, done.stderr
    assert f"article.yaml, corrected:\n{WANTED}" in done.stderr
    reef(folder, "import", "helm", "article.yaml", "-o", "out")
    assert (folder / "out" / "corrected-article.yaml").read_text() == WANTED


def test_json_twins(folder: Path) -> None:
    done = json.loads(reef(folder, "import", "helm", "article.yaml", "--json").stdout)
    assert [each["metadata"]["name"] for each in done["code_locations"]] == ["sales", "finance"]
    assert done["corrections"] == {"article.yaml": WANTED}
    assert done["values_off"]["dagster-user-deployments"] == {"enabled": True, "enableSubchart": False}
    assert set(done["findings"][0]) == {"kind", "path", "text", "file", "line"}
    assert (done["findings"][0]["file"], done["findings"][0]["line"]) == ("article.yaml", 2)
    done = json.loads(reef(folder, "render", "workspace.yaml", "--image", "a:1", "--json").stdout)
    assert {each["kind"] for each in done["code_locations"]} == {"CodeLocation"}
    done = json.loads(reef(folder, "export", "helm", "workspace.yaml", "--image", "a:1", "--json").stdout)
    assert set(done) == {"values", "findings"}


def test_left_out_is_exit_status_1(folder: Path) -> None:
    done = reef(folder, "import", "workspace", "workspace.yaml")
    assert done.returncode == 1
    assert "1 CodeLocation, 6 left out" in done.stderr
    assert "load_from[0].python_module (and 1 more): has no image; name the one" in done.stderr
    done = reef(folder, "import", "dagster-cloud", "dagster_cloud.yaml")
    assert done.returncode == 1
    assert len(list(yaml.safe_load_all(done.stdout))) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "helm", "workspace.yaml"), "`reef import workspace` reads it"),
        (("import", "helm", "no.yaml"), "no.yaml: cannot be read"),
        (("import", "helm", "values.yaml", "--image", "x"), "must be NAME=IMAGE"),
        (("import", "helm", "values.yaml", "-o", "values.yaml"), "cannot be written"),
        (("import", "workspace", "values.yaml"), "has no load_from"),
        (("import", "dagster-cloud", "values.yaml"), "has no locations"),
        (("export", "helm", "many.yaml"), "is not a setting"),
        (
            ("export", "helm", "workspace.yaml", "--image", "a:1", "--model", "monolith"),
            "say where the image has its code",
        ),
        (("export", "helm", "nowhere"), "does not exist"),
    ],
)
def test_a_mistake_is_one_message(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = reef(folder, *words)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_code_location_that_is_wrong_says_where(folder: Path) -> None:
    text = "apiVersion: dagster-reef.io/v1alpha1\nkind: CodeLocation\nmetadata: {name: a}\nspec:\n  imag: x\n"
    (folder / "wrong.yaml").write_text(text)
    done = reef(folder, "export", "helm", "wrong.yaml")
    assert done.returncode == 2
    assert "wrong.yaml:5: spec.imag is not a setting\nhint: did you mean image?" in done.stderr
    (folder / "wrong.yaml").write_text(text.replace("imag: x", "image: x").replace("v1alpha1", "v9"))
    assert "must be dagster-reef.io/v1alpha1" in reef(folder, "export", "helm", "wrong.yaml").stderr
    (folder / "wrong.yaml").write_text(text.replace("imag: x", "image: x").replace("name: a", "name: A_b"))
    assert "must be a DNS label" in reef(folder, "export", "helm", "wrong.yaml").stderr
    twice = (
        text.replace("imag: x", "image: x")
        .replace("name: a", "name: b")
        .replace("image: x", "location_name: a")
    )
    (folder / "wrong.yaml").write_text(text.replace("imag: x", "image: x") + "---\n" + twice)
    assert (
        "two CodeLocations have the location name 'a'" in reef(folder, "export", "helm", "wrong.yaml").stderr
    )


def test_what_kubectl_get_prints_can_be_read(folder: Path) -> None:
    done = json.loads(reef(folder, "import", "helm", "many.yaml", "--json").stdout)
    listed = {"apiVersion": "v1", "kind": "List", "items": done["code_locations"]}
    (folder / "live.yaml").write_text(yaml.safe_dump(listed))
    back = reef(folder, "export", "helm", "live.yaml")
    assert back.returncode == 0, back.stderr
    assert len(yaml.safe_load(back.stdout)["dagster-user-deployments"]["deployments"]) == 4


def test_the_definition(folder: Path) -> None:
    done = reef(folder, "schema", "--crd")
    assert yaml.safe_load(done.stdout) == definition()
