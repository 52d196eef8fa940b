"""What counts as importing, form by form: each location is one file that imports, or cannot be told to."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import commit, repository, touched, why, write

LIBRARY = {
    "lib/__init__.py": "",
    "lib/one.py": "",
    "lib/two.py": "",
    "lib/pack/__init__.py": "__all__ = ['part']\n",
    "lib/pack/part.py": "",
    "lib/pack/apart.py": "",
    "space/inner/mod.py": "",
    "other/space/second/mod.py": "",
}


def fleet(folder: Path, code: str, **more: str) -> Path:
    return repository(
        folder,
        {
            **LIBRARY,
            "reef.yaml": "locations: {it: {code: it/defs.py, env: {PYTHONPATH: other}}, quiet: {code: quiet/defs.py}}",
            "quiet/defs.py": "import lib\n",
            "it/defs.py": code,
            **more,
        },
    )


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("import lib.one", "lib/one.py"),
        ("import lib.one as x", "lib/__init__.py"),
        ("from lib import one", "lib/one.py"),
        ("from lib.one import thing", "lib/one.py"),
        ("def f():\n    from lib import one", "lib/one.py"),
        ("try:\n    import lib.one\nexcept ImportError:\n    import lib.two", "lib/two.py"),
        ("if False:\n    import lib.one", "lib/one.py"),
        ("import importlib\nimportlib.import_module('lib.one')", "lib/one.py"),
        ("from importlib import import_module as im\nim('lib.one')", "lib/one.py"),
        ("import importlib as il\nil.import_module('.one', package='lib')", "lib/one.py"),
        ("__import__('lib.one')", "lib/one.py"),
        ("from lib.pack import *", "lib/pack/part.py"),
        ("import space.inner.mod", "space/inner/mod.py"),
        ("import space.second.mod", "other/space/second/mod.py"),
        ("from .near import x", "it/near.py"),
        ("from dagster import load_assets_from_package_name as l\nl('lib.pack')", "lib/pack/apart.py"),
        (
            "import dagster\nfrom lib import pack\ndagster.load_assets_from_package_module(pack)",
            "lib/pack/apart.py",
        ),
    ],
)
def test_imported(tmp_path: Path, code: str, changed: str) -> None:
    repo = fleet(tmp_path, code)
    write(repo, {changed: "# changed\n"})
    assert "it" in touched(repo)
    assert {reason.kind for reason in why(repo, "it").reasons} <= {"module", "source"}


@pytest.mark.parametrize(
    "code",
    [
        "import lib.one",
        "from lib import one",
        "from lib.pack import *",
        "x = '@'",
        "import sys\nprint(sys.path)",
        "import re\nre.compile('x')",
    ],
)
def test_not_imported(tmp_path: Path, code: str) -> None:
    repo = fleet(tmp_path, code)
    write(repo, {"lib/two.py": "# changed\n", "lib/pack/apart.py": "# changed\n"})
    assert touched(repo) == set()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("import importlib\nfor n in ('a', 'b'):\n    importlib.import_module(n)", "whose name is computed"),
        ("import importlib\nlist(map(importlib.import_module, []))", "hands an import function on"),
        ("def f(:", "cannot be parsed"),
        ("import sys\nsys.path.insert(0, 'x')", "changes sys.path"),
        ("import sys\nsys.path += ['x']", "changes sys.path"),
        ("from sys import path as p\np.append('x')", "changes sys.path"),
        ("import sys as s\ns.modules['a'] = s", "changes sys.modules"),
        ("exec(open('x').read())", "calls exec"),
        ("import runpy\nrunpy.run_path('x')", "calls runpy.run_path"),
        ("from lib.computed import *", "__all__ is computed"),
        ("__path__ = __import__('pkgutil').extend_path([], '')", "changes __path__"),
        (
            "from dagster import load_assets_from_package_module as l\nl(whatever())",
            "package that is computed",
        ),
    ],
)
def test_what_cannot_be_told_counts_and_says_so(tmp_path: Path, code: str, text: str) -> None:
    repo = fleet(tmp_path, code, **{"lib/computed/__init__.py": "__all__ = [n for n in 'ab']\n"})
    write(repo, {"lib/two.py": "# changed\n"})
    assert touched(repo) == {"it"}
    (reason, *_) = why(repo, "it").reasons
    assert reason.kind == "unclear"
    assert text in reason.text
    assert f"{repo}/it/defs.py" in reason.text
    commit(repo)
    write(repo, {"README.md": "# changed\n"})
    assert touched(repo) == set()


def test_code_that_is_not_in_the_repository_cannot_be_told(tmp_path: Path) -> None:
    repo = repository(
        tmp_path, {"reef.yaml": "locations: {it: {code: {module: installed_elsewhere}}}", "x.py": ""}
    )
    write(repo, {"x.py": "# changed\n"})
    assert touched(repo) == {"it"}
    assert "none of the location's own folders" in why(repo, "it").reasons[0].text
