"""Small sources, each with what a move of its first import of `heavy` has to do. `heavy` is written by the tests (`heavy_package`)."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Case:
    """`to`: the functions that get the import, by their qualified names, or why it is refused. `light`: whether the module
    loads without `heavy` afterwards. Each moved source has a function `result`, which must give the same before and after."""

    name: str
    source: str
    to: tuple[str, ...] | str
    light: bool = True
    typing: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    warns: bool = False
    line: int | None = None

    @property
    def text(self) -> str:
        return dedent(self.source).lstrip("\n")


MOVED = (
    Case("plain", "import heavy\ndef result():\n    return heavy.VALUE\n", ("result",)),
    Case("alias", "import heavy as hv\ndef result():\n    return hv.parse(2)\n", ("result",)),
    Case("submodule", "import heavy.sub\ndef result():\n    return heavy.sub.NAME\n", ("result",)),
    Case("submodule as", "import heavy.sub as s\ndef result():\n    return s.NAME\n", ("result",)),
    Case("from", "from heavy import parse\ndef result():\n    return parse(3)\n", ("result",)),
    Case("from as", "from heavy import parse as p\ndef result():\n    return p(3)\n", ("result",)),
    Case("from submodule", "from heavy import sub\ndef result():\n    return sub.NAME\n", ("result",)),
    Case("from deep", "from heavy.sub import NAME\ndef result():\n    return NAME\n", ("result",)),
    Case(
        "two names", "from heavy import parse, VALUE\ndef result():\n    return parse(VALUE)\n", ("result",)
    ),
    Case(
        "two functions",
        """
        from heavy import parse, VALUE
        def one():
            return parse(1)
        def two():
            return VALUE
        def result():
            return one(), two()
        """,
        ("one", "two"),
    ),
    Case(
        "several modules in one statement",
        "import os, heavy, sys\ndef result():\n    return heavy.VALUE, os.sep, sys.maxsize\n",
        ("result",),
    ),
    Case(
        "one line with semicolons",
        "import os; import heavy; import sys\ndef result():\n    return heavy.VALUE, os.sep, sys.maxsize\n",
        ("result",),
    ),
    Case(
        "last of a line with semicolons",
        "import os; import heavy\ndef result():\n    return heavy.VALUE, os.sep\n",
        ("result",),
    ),
    Case(
        "only the names that are not used while loading",
        """
        from heavy import (
            parse,  # used by result
            VALUE,  # used here
        )
        DOUBLE = VALUE * 2
        def result():
            return parse(DOUBLE)
        """,
        ("result",),
        light=False,
        kept=("VALUE",),
    ),
    Case(
        "the first of names stays",
        """
        from heavy import (
            VALUE,  # used here
            parse,  # used by result
        )
        DOUBLE = VALUE * 2
        def result():
            return parse(DOUBLE)
        """,
        ("result",),
        light=False,
        kept=("VALUE",),
    ),
    Case(
        "names without brackets, the last goes",
        "from heavy import VALUE, parse\nD = VALUE\ndef result():\n    return parse(D)\n",
        ("result",),
        light=False,
        kept=("VALUE",),
    ),
    Case(
        "docstring first",
        'import heavy\ndef result():\n    """Says."""\n    return heavy.VALUE, result.__doc__\n',
        ("result",),
    ),
    Case(
        "docstring and a comment",
        'import heavy\ndef result():\n    """Says."""\n\n    # why\n    return heavy.VALUE, result.__doc__\n',
        ("result",),
    ),
    Case(
        "raw docstring of two parts",
        "import heavy\ndef result():\n    r'a' 'b'\n    return heavy.VALUE, result.__doc__\n",
        ("result",),
    ),
    Case(
        "an f-string first is no docstring",
        "import heavy\ndef result():\n    f'{heavy.VALUE}'\n    return heavy.VALUE, result.__doc__\n",
        ("result",),
    ),
    Case(
        "bytes first are no docstring",
        "import heavy\ndef result():\n    b'x'\n    return heavy.VALUE, result.__doc__\n",
        ("result",),
    ),
    Case("function on one line", "import heavy\ndef result(): return heavy.VALUE\n", ("result",)),
    Case("one line with a comment", "import heavy\ndef result(): return heavy.VALUE  # yes\n", ("result",)),
    Case(
        "one line with a docstring",
        "import heavy\ndef result(): 'Says.'; return heavy.VALUE, result.__doc__\n",
        ("result",),
    ),
    Case("one line of several", "import heavy\ndef result(): x = heavy.VALUE; return x\n", ("result",)),
    Case(
        "method",
        "import heavy\nclass C:\n    def go(self):\n        return heavy.VALUE\ndef result():\n    return C().go()\n",
        ("C.go",),
    ),
    Case(
        "static, class and property methods",
        """
        import heavy
        class C:
            @staticmethod
            def a():
                return heavy.VALUE
            @classmethod
            def b(cls):
                return heavy.VALUE
            @property
            def c(self):
                return heavy.VALUE
        def result():
            return C.a(), C.b(), C().c
        """,
        ("C.a", "C.b", "C.c"),
    ),
    Case(
        "nested: into the inner function",
        """
        import heavy
        def make(n):
            def inner():
                return heavy.VALUE + n
            return inner
        MADE = make(3)
        def result():
            return MADE()
        """,
        ("make.inner",),
    ),
    Case(
        "nested: the outer uses it too",
        """
        import heavy
        def result():
            x = heavy.VALUE
            def inner():
                return heavy.VALUE + x
            return inner()
        """,
        ("result",),
    ),
    Case(
        "method of a class in a function",
        """
        import heavy
        def result():
            class C:
                size = heavy.VALUE
                def go(self):
                    return heavy.parse(self.size)
            return C().go()
        """,
        ("result",),
    ),
    Case(
        "lambda in a function",
        "import heavy\ndef result():\n    return (lambda x: heavy.parse(x))(4)\n",
        ("result",),
    ),
    Case(
        "comprehensions in a function",
        """
        import heavy
        def result():
            return [heavy.parse(x) for x in range(3)], {heavy.VALUE: x for x in heavy.LIST}, sum(heavy.VALUE for _ in "ab")
        """,
        ("result",),
    ),
    Case(
        "a comprehension's own variable has the name",
        "import heavy\ndef result():\n    return [heavy for heavy in range(3)], heavy.VALUE\n",
        ("result",),
    ),
    Case(
        "f-string",
        "import heavy\ndef result():\n    return f'{heavy.VALUE!r:>{heavy.VALUE}}'\n",
        ("result",),
    ),
    Case(
        "a parameter has the name elsewhere",
        """
        import heavy
        def other(heavy):
            return heavy + 1
        def result():
            return heavy.VALUE, other(1)
        """,
        ("result",),
    ),
    Case(
        "a local variable has the name elsewhere",
        """
        import heavy
        def other():
            heavy = 5
            return heavy
        def result():
            return heavy.VALUE, other()
        """,
        ("result",),
    ),
    Case(
        "a local import has the name elsewhere",
        """
        import heavy
        def other():
            import heavy
            return heavy.VALUE
        def result():
            return heavy.VALUE, other()
        """,
        ("result",),
    ),
    Case(
        "other bindings of the name in functions",
        """
        import heavy
        def a():
            with open(__file__) as heavy: return 1
        def b():
            try: raise ValueError(3)
            except ValueError as heavy: return heavy.args
        def c():
            for heavy in (1,): pass
            return heavy
        def d():
            if (heavy := 3): return heavy
        def e(*heavy, **kw): return heavy
        def f():
            match 5:
                case heavy: return heavy
        def g():
            match [1, 2]:
                case [1, *heavy]: return heavy
        def h():
            match {"a": 1}:
                case {**heavy}: return heavy
        def i():
            heavy = 1
            del heavy
        def j():
            def heavy(): return 1
            return heavy()
        def k():
            class heavy: x = 2
            return heavy.x
        def result():
            return heavy.VALUE, b(), c(), d(), e(1), f(), g(), h(), i(), j(), k()
        """,
        ("result",),
    ),
    Case(
        "nonlocal of the same name",
        """
        import heavy
        def outer():
            heavy = 1
            def inner():
                nonlocal heavy
                heavy += 1
                return heavy
            return inner()
        def result():
            return heavy.VALUE, outer()
        """,
        ("result",),
    ),
    Case(
        "match on a value and a class",
        """
        import heavy
        def result():
            match heavy.VALUE:
                case heavy.VALUE: out = 1
                case _: out = 2
            match heavy.Base():
                case heavy.Base(): return out, 3
        """,
        ("result",),
    ),
    Case(
        "generator",
        "import heavy\ndef many():\n    yield heavy.VALUE\n    yield 2\ndef result():\n    return list(many())\n",
        ("many",),
    ),
    Case(
        "async function",
        """
        import asyncio
        import heavy
        async def later():
            return heavy.VALUE
        def result():
            return asyncio.run(later())
        """,
        ("later",),
    ),
    Case(
        "async generator",
        """
        import asyncio
        import heavy
        async def later():
            yield heavy.VALUE
        async def all_of():
            return [x async for x in later()]
        def result():
            return asyncio.run(all_of())
        """,
        ("later",),
    ),
    Case(
        "conditional use",
        "import heavy\ndef pick(x):\n    if x:\n        return heavy.VALUE\n    return 0\ndef result():\n    return pick(0), pick(1)\n",
        ("pick",),
    ),
    Case(
        "inside the body's own try",
        "import heavy\ndef result():\n    try:\n        return heavy.missing\n    except AttributeError:\n        return heavy.VALUE\n",
        ("result",),
    ),
    Case(
        "decorated function",
        """
        import functools
        import heavy
        @functools.lru_cache(maxsize=None)
        def cached():
            return heavy.VALUE
        def result():
            return cached()
        """,
        ("cached",),
    ),
    Case(
        "the wrapper of a decorator that is used while loading",
        """
        import functools
        import heavy
        def deco(fn):
            @functools.wraps(fn)
            def inner(*args):
                return heavy.parse(fn(*args))
            return inner
        @deco
        def twice(x):
            return x
        def result():
            return twice(4), twice.__name__
        """,
        ("deco.inner",),
    ),
    Case(
        "default argument of a nested function",
        "import heavy\ndef result():\n    def inner(x=heavy.VALUE):\n        return x\n    return inner()\n",
        ("result",),
    ),
    Case(
        "quoted annotation",
        "import heavy\ndef result(x: 'heavy.Base' = None) -> \"heavy.Base | None\":\n    return heavy.VALUE\n",
        ("result",),
        typing=("heavy",),
    ),
    Case(
        "annotations from __future__",
        """
        from __future__ import annotations
        import heavy
        def helper(x: heavy.Base) -> heavy.Base:
            return heavy.parse(x)
        def result():
            return helper(2)
        """,
        ("helper",),
        typing=("heavy",),
    ),
    Case(
        "annotations that are evaluated get quotes",
        "import heavy\ndef helper(x: heavy.Base, *, y: 'int' = 2) -> list[heavy.Base]:\n    return heavy.parse(x)\ndef result():\n    return helper(2)\n",
        ("helper",),
        typing=("heavy",),
    ),
    Case(
        "annotations alone",
        "from __future__ import annotations\nfrom heavy import Base\ndef result(x: Base | None = None):\n    return x\n",
        (),
        typing=("Base",),
    ),
    Case(
        "annotation of a local variable",
        "import heavy\ndef result():\n    x: heavy.Base = 3\n    return x\n",
        (),
        typing=("heavy",),
    ),
    Case(
        "a block for type checkers is there",
        """
        from typing import TYPE_CHECKING
        import heavy
        if TYPE_CHECKING:
            Alias = heavy.Base
        def result(x: "heavy.Base | None" = None):
            return heavy.VALUE
        """,
        ("result",),
        typing=("heavy",),
    ),
    Case(
        "typing is imported as a module",
        """
        import typing
        import heavy
        if typing.TYPE_CHECKING:
            from os import PathLike
        def result(x: "heavy.Base | None" = None):
            return typing.cast("heavy.Base", heavy.VALUE)
        """,
        ("result",),
        typing=("heavy",),
    ),
    Case(
        "variable annotated in quotes",
        "import heavy\nCACHE: dict[str, 'heavy.Base'] = {}\ndef result():\n    return heavy.VALUE, CACHE\n",
        ("result",),
        typing=("heavy",),
    ),
    Case(
        "import with a comment that goes along",
        "import heavy  # type: ignore[import-untyped]\ndef result():\n    return heavy.VALUE\n",
        ("result",),
    ),
    Case(
        "comment above stays",
        "import os\n\n# The parser.\nimport heavy\n\n\ndef result():\n    return heavy.VALUE, os.sep\n",
        ("result",),
    ),
    Case(
        "sibling submodules",
        """
        import heavy.sub
        import light_twin.one
        import light_twin.two
        X = light_twin.two.NAME
        def result():
            return heavy.sub.NAME, light_twin.one.NAME, X
        """,
        ("result",),
    ),
    Case(
        "one of two submodules",
        """
        import light_twin.two
        import light_twin.one
        X = light_twin.one.NAME
        def result():
            return light_twin.two.NAME, X
        """,
        ("result",),
        light=False,
        line=1,
    ),
    Case(
        "a submodule that binds its parent",
        "import heavy.sub\ndef result():\n    return heavy.VALUE\n",
        ("result",),
    ),
    Case(
        "relative",
        "from .near import NAME\ndef result():\n    return NAME\n",
        ("result",),
        light=False,
        line=1,
    ),
    Case(
        "relative module",
        "from . import near\ndef result():\n    return near.NAME\n",
        ("result",),
        light=False,
        line=1,
    ),
    Case(
        "try with a way out, moved whole",
        """
        try:
            import heavy
        except ImportError:
            heavy = None
        def result():
            return heavy.VALUE if heavy else None
        """,
        ("result",),
    ),
    Case(
        "try for a module that is missing",
        """
        try:
            import heavy_missing as hv
            HAS = True
        except (ImportError, ModuleNotFoundError):
            hv = None
            HAS = False
        def result():
            return hv, HAS
        """,
        ("result",),
        line=2,
    ),
    Case(
        "try with a second choice",
        """
        try:
            from heavy_missing import parse
        except ImportError:
            from heavy import parse
        def result():
            return parse(4)
        """,
        ("result",),
        line=2,
    ),
    Case(
        "a factory that is called while loading",
        """
        import heavy
        def factory(n):
            def made(x):
                return heavy.parse(x) + n
            made.__name__ = f"made_{n}"
            return made
        ALL = [factory(n) for n in range(3)]
        def result():
            return [one(2) for one in ALL]
        """,
        ("factory.made",),
    ),
    Case(
        "called by the script block alone",
        "import heavy\ndef main():\n    return heavy.VALUE\nresult = main\nif __name__ == '__main__':\n    main()\n",
        ("main",),
    ),
    Case(
        "class whose methods nobody calls while loading",
        "import heavy\nclass C:\n    def __init__(self):\n        self.v = heavy.VALUE\ndef result():\n    return C().v\n",
        ("C.__init__",),
    ),
    Case(
        "__getattr__ of the module",
        "import heavy\ndef __getattr__(name):\n    if name == 'x':\n        return heavy.VALUE\n    raise AttributeError(name)\ndef result():\n    return __getattr__('x')\n",
        ("__getattr__",),
    ),
    Case(
        "not in __all__",
        "import heavy\n__all__ = ['result']\ndef result():\n    return heavy.VALUE\n",
        ("result",),
    ),
    Case(
        "attribute assigned in a function",
        "import heavy\ndef result():\n    heavy.VALUE = 7\n    return heavy.VALUE\n",
        ("result",),
    ),
    Case(
        "worker processes",
        "import multiprocessing\nimport heavy\ndef work(x):\n    return heavy.parse(x)\ndef result():\n    return multiprocessing.cpu_count() > 0, work(3)\n",
        ("work",),
        warns=True,
    ),
    Case(
        "pickled function",
        "import pickle\nimport heavy\ndef work():\n    return heavy.VALUE\ndef result():\n    return work(), pickle.dumps(3)\n",
        ("work",),
    ),
    Case(
        "continued line",
        "from heavy import \\\n    parse, \\\n    VALUE\ndef result():\n    return parse(VALUE)\n",
        ("result",),
    ),
    Case(
        "line inside brackets",
        "from heavy import (\n    parse,\n    VALUE,\n)\ndef result():\n    return parse(VALUE)\n",
        ("result",),
        line=2,
    ),
    Case("no newline at the end", "import heavy\ndef result():\n    return heavy.VALUE", ("result",)),
    Case(
        "import at the end",
        "def result():\n    return heavy.VALUE\n# before\nimport heavy\n# after\n",
        ("result",),
    ),
    Case("tabs", "import heavy\ndef result():\n\tif 1:\n\t\treturn heavy.VALUE\n", ("result",)),
    Case(
        "two spaces",
        "import heavy\nclass C:\n  def go(self):\n    return heavy.VALUE\ndef result(): return C().go()\n",
        ("C.go",),
    ),
    Case("windows line ends", "import heavy\r\ndef result():\r\n    return heavy.VALUE\r\n", ("result",)),
    Case("form feed", "import heavy\n\x0c\ndef result():\n    return heavy.VALUE\n", ("result",)),
    Case(
        "an async with and await in it",
        "import asyncio\nimport heavy\nasync def go():\n    await asyncio.sleep(0)\n    return [heavy.VALUE async for _ in aiter_()]\nasync def aiter_():\n    yield 1\ndef result():\n    return asyncio.run(go())\n",
        ("go",),
    ),
    Case(
        "conditional expression and starred",
        "import heavy\ndef result():\n    return [*heavy.LIST, heavy.VALUE if heavy else 0]\n",
        ("result",),
    ),
    Case(
        "walrus in a comprehension",
        "import heavy\ndef result():\n    return [y := heavy.parse(x) for x in range(2)], y\n",
        ("result",),
    ),
    Case(
        "asserts, raises, deletes",
        "import heavy\ndef result():\n    assert heavy.VALUE\n    d = {heavy.VALUE: 1}\n    del d[heavy.VALUE]\n    return d\n",
        ("result",),
    ),
)

REFUSED = (
    Case("call at module level", "import heavy\nX = heavy.parse(1)\n", "while loading"),
    Case(
        "decorator", "import heavy\n@heavy.deco\ndef f(): pass\n", "a decorator uses heavy.deco while loading"
    ),
    Case(
        "decorator from",
        "from heavy import deco\n@deco\ndef f(): pass\n",
        "a decorator uses deco while loading",
    ),
    Case(
        "decorator with arguments",
        "import heavy\n@heavy.make(1)\ndef f(): pass\n",
        "a decorator uses heavy.make",
    ),
    Case(
        "decorator's argument",
        "import heavy\ndef d(x): return lambda f: f\n@d(heavy.VALUE)\ndef f(): pass\n",
        "a decorator uses heavy.VALUE",
    ),
    Case(
        "default argument",
        "import heavy\ndef f(x=heavy.VALUE): pass\n",
        "a default argument uses heavy.VALUE",
    ),
    Case("keyword default", "import heavy\ndef f(*, x=heavy.VALUE): pass\n", "a default argument"),
    Case("lambda's default", "import heavy\nf = lambda x=heavy.VALUE: x\n", "while loading"),
    Case("base class", "import heavy\nclass C(heavy.Base): pass\n", "a base of class C uses heavy.Base"),
    Case("keyword of a class", "import heavy\nclass C(metaclass=heavy.Meta): pass\n", "a base of class C"),
    Case(
        "class attribute",
        "import heavy\nclass C:\n    x = heavy.VALUE\n",
        "the body of class C uses heavy.VALUE",
    ),
    Case(
        "decorator of a method",
        "import heavy\nclass C:\n    @heavy.deco\n    def f(self): pass\n",
        "a decorator",
    ),
    Case(
        "comprehension at module level",
        "import heavy\nX = [heavy.VALUE for _ in range(2)]\n",
        "while loading",
    ),
    Case("generator at module level", "import heavy\nX = (heavy.VALUE for _ in range(2))\n", "while loading"),
    Case("lambda at module level", "import heavy\nf = lambda: heavy.VALUE\n", "a lambda at module level"),
    Case("f-string at module level", "import heavy\nX = f'{heavy.VALUE}'\n", "while loading"),
    Case("loop at module level", "import heavy\nfor x in heavy.LIST: pass\n", "while loading"),
    Case("with at module level", "import heavy\nwith heavy.ctx() as x: pass\n", "while loading"),
    Case("in an if at module level", "import heavy\nif heavy.VALUE: pass\n", "while loading"),
    Case("handler at module level", "import heavy\ntry: pass\nexcept heavy.Error: pass\n", "while loading"),
    Case("patched at module level", "import heavy\nheavy.VALUE = 3\n", "while loading"),
    Case(
        "annotation that is evaluated and handed on",
        "import heavy\ndef f(x: heavy.Base): pass\nX = [f]\n",
        "handed on while loading",
    ),
    Case(
        "annotation under a decorator",
        "import heavy\ndef asset(f): return f\n@asset\ndef f(x: heavy.Base): pass\n",
        "@asset may evaluate",
    ),
    Case(
        "written annotation under a decorator",
        "from __future__ import annotations\nimport heavy\ndef op(f): return f\n@op\ndef f() -> heavy.Base: pass\n",
        "@op may evaluate",
    ),
    Case(
        "quoted annotation under a decorator",
        "import heavy\ndef op(f): return f\n@op\ndef f() -> 'heavy.Base': pass\n",
        "@op may evaluate",
    ),
    Case(
        "annotation of a decorated function in a factory",
        "from __future__ import annotations\nimport heavy\ndef op(f): return f\ndef make():\n    @op\n    def f() -> heavy.Base: pass\n    return f\n",
        "@op may evaluate",
    ),
    Case(
        "annotation in a class with a base",
        "from __future__ import annotations\nimport heavy\nclass B: pass\nclass C(B):\n    x: heavy.Base\n",
        "B may evaluate the annotations of class C",
    ),
    Case(
        "annotation in a decorated class",
        "from __future__ import annotations\nfrom dataclasses import dataclass\nimport heavy\n@dataclass\nclass C:\n    x: heavy.Base\n",
        "a decorator may evaluate",
    ),
    Case(
        "annotation of __init__ in a class with a base",
        "from __future__ import annotations\nimport heavy\nclass B: pass\nclass C(B):\n    def __init__(self, x: heavy.Base): pass\n",
        "B may evaluate",
    ),
    Case(
        "annotation that cannot be quoted",
        "import heavy\ndef f(x: heavy.T['a', \"b\"]): pass\n",
        "cannot be quoted",
    ),
    Case(
        "listed in __all__",
        "from heavy import parse\n__all__ = ['f', 'parse']\ndef f(): return parse\n",
        "__all__ offers parse",
    ),
    Case(
        "added to __all__",
        "from heavy import parse\n__all__ = ['f']\n__all__ += ['parse']\ndef f(): return parse\n",
        "__all__ offers parse",
    ),
    Case(
        "appended to __all__",
        "from heavy import parse\n__all__ = []\n__all__.append('parse')\ndef f(): return parse\n",
        "__all__ offers parse",
    ),
    Case(
        "computed __all__",
        "from heavy import parse\n__all__ = [n for n in ('a',)]\ndef f(): return parse\n",
        "__all__ is computed",
    ),
    Case(
        "import as itself",
        "from heavy import parse as parse\ndef f(): return parse\n",
        "offers parse to others",
    ),
    Case("never used", "import heavy\n", "used nowhere in this file"),
    Case(
        "never used, from",
        "from heavy import parse\ndef f(parse): return parse\n",
        "used nowhere in this file",
    ),
    Case("star", "from heavy import *\ndef f(): return parse\n", "a star import"),
    Case(
        "inside if",
        "import sys\nif sys.version_info > (3, 8):\n    import heavy\ndef f(): return heavy\n",
        "inside an `if`",
    ),
    Case(
        "inside try that catches all",
        "try:\n    import heavy\nexcept Exception:\n    heavy = None\ndef f(): return heavy\n",
        "catches more than ImportError",
    ),
    Case(
        "inside a bare except",
        "try:\n    import heavy\nexcept:\n    heavy = None\ndef f(): return heavy\n",
        "catches more than ImportError",
    ),
    Case(
        "inside try that does more",
        "try:\n    import heavy\n    print(1)\nexcept ImportError:\n    heavy = None\ndef f(): return heavy\n",
        "does more than import",
    ),
    Case(
        "inside try with else",
        "try:\n    import heavy\nexcept ImportError:\n    heavy = None\nelse:\n    X = 1\ndef f(): return heavy\n",
        "`else`",
    ),
    Case(
        "try whose flag is used while loading",
        "try:\n    import heavy\n    HAS = True\nexcept ImportError:\n    HAS = False\nif HAS: X = 1\ndef f(): return heavy\n",
        "while loading",
    ),
    Case(
        "inside with",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import heavy\ndef f(): return heavy\n",
        "inside a `with`",
    ),
    Case("inside a function", "def f():\n    import heavy\n    return heavy\n", "inside function f already"),
    Case("inside a class", "class C:\n    import heavy\n", "attribute of class C"),
    Case(
        "for type checkers",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import heavy\ndef f(x: 'heavy'): pass\n",
        "for type checkers alone",
    ),
    Case("no import there", "X = 1\nimport heavy\n", "no import statement", line=1),
    Case("empty line", "X = 1\n\nimport heavy\n", "no statement", line=2),
    Case("beyond the end", "import heavy\n", "no statement", line=99),
    Case("__future__", "from __future__ import annotations\n", "__future__", line=1),
    Case("bound again", "import heavy\nheavy = 3\ndef f(): return heavy\n", "bound again, in line 2"),
    Case(
        "bound again by import",
        "import heavy\nimport light_twin as heavy\ndef f(): return heavy\n",
        "bound again",
    ),
    Case(
        "bound again by a loop", "import heavy\nfor heavy in (): pass\ndef f(): return heavy\n", "bound again"
    ),
    Case("bound again by def", "import heavy\ndef heavy(): pass\ndef f(): return heavy\n", "bound again"),
    Case("deleted", "import heavy\ndef f(): return heavy\ndel heavy\n", "bound again"),
    Case(
        "global in a function",
        "import heavy\ndef f():\n    global heavy\n    heavy = None\ndef g(): return heavy\n",
        "bound again",
    ),
    Case(
        "parent bound by two imports",
        "import heavy\nimport heavy.sub\nX = heavy.VALUE\ndef f(): return heavy.sub\n",
        "while loading",
    ),
    Case("globals()", "import heavy\ndef f(): return globals()['heavy'].VALUE, heavy\n", "globals() may ask"),
    Case("eval", "import heavy\ndef f(): return eval('heavy.VALUE'), heavy\n", "eval() may ask"),
    Case("exec", "import heavy\nexec('x = 1')\ndef f(): return heavy\n", "exec() may ask"),
    Case("vars at module level", "import heavy\nX = vars()\ndef f(): return heavy\n", "sees the name"),
    Case(
        "locals in the function",
        "import heavy\ndef f():\n    x = heavy.VALUE\n    return locals()\n",
        "would see the name",
    ),
    Case(
        "sys.modules",
        "import sys\nimport heavy\ndef f(): return 'heavy' in sys.modules, heavy\n",
        "sys.modules",
    ),
    Case(
        "sys.path changed after",
        "import sys\nimport heavy\nsys.path.pop(0)\ndef f(): return heavy\n",
        "sys.path",
    ),
    Case(
        "os.environ changed after",
        "import os\nimport heavy\nos.environ['X'] = '1'\ndef f(): return heavy\n",
        "os.environ is changed after",
    ),
    Case(
        "os.environ updated after",
        "import os\nimport heavy\nos.environ.update(X='1')\ndef f(): return heavy\n",
        "os.environ is changed after",
    ),
    Case(
        "directory changed after",
        "import os\nimport heavy\nos.chdir('.')\ndef f(): return heavy\n",
        "os.chdir() comes after",
    ),
    Case(
        "called while loading",
        "import heavy\ndef f(): return heavy.VALUE\nX = f()\n",
        "f uses heavy.VALUE and runs while loading",
    ),
    Case(
        "called through another",
        "import heavy\ndef g(): return heavy.VALUE\ndef f(): return g()\nX = f()\n",
        "runs while loading: f, which runs while loading, calls it",
    ),
    Case(
        "made while loading",
        "import heavy\nclass C:\n    def __init__(self): self.x = heavy.VALUE\nX = C()\n",
        "__init__ uses heavy.VALUE and runs while loading",
    ),
    Case(
        "made while loading, by a base",
        "import heavy\nclass B:\n    def __init__(self): self.x = heavy.VALUE\nclass C(B): pass\nX = C()\n",
        "runs while loading",
    ),
    Case(
        "class method called while loading",
        "import heavy\nclass C:\n    @classmethod\n    def go(cls): return heavy.VALUE\nX = C.go()\n",
        "runs while loading",
    ),
    Case(
        "method of self called while loading",
        "import heavy\nclass C:\n    def __init__(self): self.go()\n    def go(self): return heavy.VALUE\nX = C()\n",
        "go uses heavy.VALUE and runs while loading",
    ),
    Case(
        "decorator of this module uses it",
        "import heavy\ndef deco(f):\n    heavy.parse(1)\n    return f\n@deco\ndef g(): pass\n",
        "deco uses heavy.parse and runs while loading",
    ),
    Case(
        "body of a job",
        "import heavy\ndef job(f): return f\n@job\ndef j(): heavy.parse(1)\n",
        "@job calls it",
    ),
    Case(
        "body of a graph of dagster",
        "import dagster as dg\nimport heavy\n@dg.graph_asset\ndef j(): return heavy.parse(1)\n",
        "@dg.graph_asset calls it",
    ),
    Case(
        "definitions of dagster",
        "import dagster as dg\nimport heavy\n@dg.definitions\ndef defs(): return heavy.parse(1)\n",
        "@dg.definitions calls it",
    ),
    Case(
        "context manager called while loading",
        "import contextlib\nimport heavy\n@contextlib.contextmanager\ndef c():\n    yield heavy.VALUE\nwith c(): pass\n",
        "runs while loading",
    ),
    Case(
        "script block",
        "import heavy\nif __name__ == '__main__':\n    print(heavy.VALUE)\n",
        "runs as a script",
    ),
    Case(
        "doctest",
        "import heavy\ndef f():\n    '''\n    >>> heavy.VALUE\n    7\n    '''\n    return heavy.VALUE\n",
        "a doctest uses heavy",
    ),
    Case(
        "doctest of the module",
        "'''\n>>> heavy.VALUE\n7\n'''\nimport heavy\ndef f(): return heavy.VALUE\n",
        "a doctest uses heavy",
    ),
    Case(
        "query of a data frame",
        "import heavy\ndef f(df): return heavy, df.query('x > @heavy.VALUE')\n",
        "@heavy",
    ),
    Case("numba", "import numba\nimport heavy\n@numba.njit\ndef f(): return heavy.VALUE\n", "compiles f"),
    Case(
        "inside a compiled function",
        "import numba\nimport heavy\n@numba.njit(cache=True)\ndef f():\n    def g(): return heavy.VALUE\n    return g()\n",
        "compiles g",
    ),
    Case(
        "finalizer",
        "import heavy\nclass C:\n    def __del__(self): heavy.parse(1)\n",
        "__del__ may run while Python ends",
    ),
    Case(
        "docstring shares its line",
        "import heavy\ndef f():\n    'Says.'; x = heavy.VALUE\n    return x\n",
        "line of the docstring",
    ),
    Case(
        "private twice", "import heavy as __hv\ndef f(): return __hv\n", "means something else inside a class"
    ),
    Case("does not parse", "import heavy\ndef f(:\n", "cannot be parsed"),
    Case("null byte", "import heavy\n\0\n", "cannot be"),
)
