"""Syntax newer than this interpreter, exact results, and files of odd kinds."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from textwrap import dedent

import pytest

from deadlines import scaled
from reef.doctor.fixing import syntax
from reef.doctor.fixing.model import Around, Moved, Refused
from reef.doctor.fixing.moving import move
from reef.errors import ReefError


def _moved(source: str, line: int = 1, around: Around | None = None) -> Moved:
    done = move(dedent(source).lstrip("\n").encode(), line, around=around)
    assert isinstance(done, Moved), done
    return done


def _refused(source: str, line: int = 1, around: Around | None = None) -> Refused:
    done = move(dedent(source).lstrip("\n").encode(), line, around=around)
    assert isinstance(done, Refused), done
    return done


NEW = """
import heavy
type Pair[T] = tuple[T, T]
def first[T: int](x: T) -> T:
    return heavy.parse(x)
class Box[heavy]:
    def go(self, x: heavy) -> heavy:
        return x
def shown(x):
    return f"{heavy.VALUE + len("it's {x}")} {f'{heavy.VALUE}'}"
def groups():
    try:
        heavy.parse(1)
    except* heavy.Error as found:
        x = found
    return x
"""


def test_syntax_of_newer_pythons() -> None:
    done = _moved(NEW)
    assert [place.function for place in done.places] == ["first", "shown", "groups"]
    assert done.source.count(b"    import heavy\n") == 3
    ran = _compiled_by_a_newer_python(done.source)
    assert ran.returncode == 0, ran.stderr


def _compiled_by_a_newer_python(source: bytes) -> subprocess.CompletedProcess[bytes]:
    homes = glob.glob(os.path.expanduser("~/.pyenv/versions/3.1[23].*/bin/python"))
    for python in (sys.executable, shutil.which("python3.13"), shutil.which("python3.12"), *homes):
        script = (
            "import sys; sys.version_info >= (3, 12) or sys.exit(99); compile(sys.stdin.read(), 'x', 'exec')"
        )
        if python is not None:
            ran = subprocess.run(
                [python, "-c", script], input=source, capture_output=True, timeout=scaled(30)
            )
            if ran.returncode not in (99, 127):
                return ran
    pytest.skip("no Python of 3.12 or later is here to compile the result")


def test_names_in_type_parameters_stay() -> None:
    done = _refused("import heavy\ndef f[T: heavy.Base](x: T) -> T:\n    return x\n")
    assert "heavy.Base" in done.reason
    done = _refused("import heavy\ntype Alias = heavy.Base\n")
    assert "heavy.Base while loading" in done.reason


def test_what_is_written_exactly() -> None:
    done = _moved(
        '''
        """Assets."""

        import os

        # The parser is heavy.
        import heavy  # noqa: E402

        import json


        class Reader:
            """Reads."""

            def read(self, path: "heavy.Base") -> str:
                """Says what it reads."""

                # First the name.
                return heavy.parse(os.path.join(path, json.dumps(1)))


        def short(): return heavy.VALUE  # seven
        ''',
        line=6,
    )
    assert done.source.decode() == dedent(
        '''
        """Assets."""

        import os

        # The parser is heavy.

        import json
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            import heavy  # noqa: E402


        class Reader:
            """Reads."""

            def read(self, path: "heavy.Base") -> str:
                """Says what it reads."""
                import heavy  # noqa: E402

                # First the name.
                return heavy.parse(os.path.join(path, json.dumps(1)))


        def short():
            import heavy  # noqa: E402
            return heavy.VALUE  # seven
        '''
    ).lstrip("\n")


def test_brackets_keep_their_form() -> None:
    done = _moved(
        """
        from heavy import (
            VALUE,  # seven
            parse,
        )
        X = VALUE
        def f():
            return parse(X)
        """
    )
    assert done.source.startswith(b"from heavy import (\n    VALUE,  # seven\n)\nX = VALUE\n")


def test_a_star_import_whose_names_are_known() -> None:
    source = "from heavy import *\nimport os\ndef f():\n    return parse(VALUE), os.sep\n"
    around = Around(star_names={"heavy": ("VALUE", "parse", "unused", "os_like")})
    done = _moved(source, around=around)
    assert (
        done.source
        == b"import os\ndef f():\n    from heavy import VALUE, parse\n    return parse(VALUE), os.sep\n"
    )
    bound = Around(star_names={"heavy": ("VALUE", "parse", "os")})
    assert "os is bound again" in _refused(source, around=bound).reason
    asked = Around(star_names={"heavy": ("VALUE", "parse")}, asked_by={"parse": "other.py:3"})
    assert "other.py:3 takes parse" in _refused(source, around=asked).reason


@pytest.mark.parametrize("depth", [50, 200])
def test_deep_nesting_never_raises(depth: int) -> None:
    source = f"import heavy\ndef f():\n    return heavy.VALUE + {'(' * depth}1{')' * depth}\n"
    assert isinstance(move(source.encode(), 1), (Moved, Refused))
    added = f"import heavy\ndef f():\n    return {'heavy.VALUE + ' * depth * 5}1\n"
    assert isinstance(move(added.encode(), 1), (Moved, Refused))


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"# coding: nothing\nimport heavy\n", b"\xef\xbb\xbf", b"\0"]
)
def test_what_is_no_python_is_refused(content: bytes) -> None:
    assert isinstance(move(content, 1), Refused)


def test_without_libcst_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libcst", None)
    with pytest.raises(ReefError, match="needs LibCST") as caught:
        syntax.require()
    assert caught.value.hint == "pip install 'dagster-reef[doctor]'"


def test_a_comment_behind_a_name_goes_with_it() -> None:
    done = _moved(
        """
        from heavy import (  # many
            parse,  # reads lines
            VALUE,
            sub,  # noqa: F401
        )
        KEPT = VALUE
        def result():
            return parse(2), sub
        """
    )
    assert done.source.decode() == dedent(
        """\
        from heavy import (  # many
            VALUE,
        )
        KEPT = VALUE
        def result():
            from heavy import parse  # reads lines
            from heavy import sub  # noqa: F401
            return parse(2), sub
        """
    )


def test_comments_of_a_whole_import_go_with_it() -> None:
    done = _moved(
        """
        from heavy import (  # type: ignore
            parse,  # reads lines
            VALUE  # a number
        )
        def result():
            return parse(VALUE)
        """
    )
    assert done.source.decode() == dedent(
        """\
        def result():
            from heavy import parse  # type: ignore  # reads lines
            from heavy import VALUE  # type: ignore  # a number
            return parse(VALUE)
        """
    )


def test_a_comment_on_its_own_line_among_the_names_stays() -> None:
    source = """
        from heavy import (
            # for the report
            parse,
        )
        def result():
            return parse(2)
        """
    assert "a comment has a line of its own among the names" in str(_refused(source).reason)
