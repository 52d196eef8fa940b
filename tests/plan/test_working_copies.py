"""Libraries that are installed from the same repository, and projects that `dg` makes."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import commit, repository, touched, why, write

SHARED = {
    "libs/shared/pyproject.toml": "[project]\nname = 'acme-shared'\n",
    "libs/shared/src/acme_shared/__init__.py": "",
    "libs/shared/src/acme_shared/db.py": "",
    "libs/shared/src/acme_shared/unused.py": "",
    "apps/sales/defs.py": "from acme_shared import db\n",
    "apps/stock/defs.py": "import json\n",
    "reef.yaml": "locations: {sales: {code: apps/sales/defs.py}, stock: {code: apps/stock/defs.py}}",
}
UV = "[tool.uv.sources]\nacme_shared = {workspace = true}\n"
WAYS = {
    "requirements": {"apps/sales/requirements.txt": "dagster\n-e ../../libs/shared\n"},
    "requirements, included": {
        "apps/sales/requirements.txt": "-r ../base.txt\n",
        "apps/base.txt": "acme-shared @ file:../libs/shared\n",
    },
    "uv path": {"apps/sales/pyproject.toml": "[tool.uv.sources]\nx = {path = '../../libs/shared'}\n"},
    "uv workspace": {
        "apps/sales/pyproject.toml": UV,
        "pyproject.toml": "[tool.uv.workspace]\nmembers = ['libs/*', 'apps/*']\n",
    },
    "poetry": {"apps/sales/pyproject.toml": "[tool.poetry.dependencies]\nx = {path = '../../libs/shared'}\n"},
    "pth": {"venv/lib/python3.11/site-packages/x.pth": "../../../../libs/shared/src\n"},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_library_of_the_same_repository(tmp_path: Path, way: str) -> None:
    files = dict(SHARED) | WAYS[way]
    if way == "pth":
        files["reef.yaml"] = files["reef.yaml"].replace("defs.py}", "defs.py, python: venv/bin/python}", 1)
    repo = repository(tmp_path, files)
    write(repo, {"libs/shared/src/acme_shared/unused.py": "# changed\n"})
    assert touched(repo) == set()
    commit(repo)
    write(repo, {"libs/shared/src/acme_shared/db.py": "# changed\n"})
    assert touched(repo) == {"sales"}
    commit(repo)
    if way != "pth":
        write(repo, {"libs/shared/pyproject.toml": "[project]\nname = 'acme-shared'\nversion = '2'\n"})
        assert touched(repo) == {"sales"}
        assert why(repo, "sales").reasons[0].kind == "dependencies"


def test_a_dg_workspace(tmp_path: Path) -> None:
    project = "[tool.dg]\ndirectory_type = 'project'\n[tool.dg.project]\nroot_module = '{0}'\nautoload_defs = true\n"
    files = {
        "dg.toml": "directory_type = 'workspace'\n[workspace]\nprojects = [{path = 'a'}, {path = 'b'}]\n"
    }
    for name in ("a", "b"):
        files |= {
            f"{name}/pyproject.toml": project.format(f"root_{name}"),
            f"{name}/src/root_{name}/__init__.py": "",
            f"{name}/src/root_{name}/defs/daily/defs.yaml": f"type: root_{name}.parts.thing.Thing\n",
            f"{name}/src/root_{name}/parts/thing.py": "",
        }
    files["a/src/root_a/defs/assets.py"] = "from tools import x\n"
    files["tools.py"] = ""
    repo = repository(tmp_path, files)
    write(repo, {"tools.py": "# changed\n"})
    assert touched(repo) == {"a"}
    commit(repo)
    write(repo, {"b/src/root_b/parts/thing.py": "# changed\n"})
    assert touched(repo) == {"b"}
    assert {reason.kind for reason in why(repo, "b").reasons} == {"module"}
    commit(repo)
    write(repo, {"b/pyproject.toml": project.format("root_b").replace("autoload_defs = true", "")})
    kinds = {reason.kind for reason in why(repo, "b").reasons}
    assert kinds == {"setting", "dependencies"}
    assert touched(repo) == {"b"}
