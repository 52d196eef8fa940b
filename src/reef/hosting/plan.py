"""Which zygotes there shall be: decided elsewhere, built by `LocalHosting.use`. Plain data, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rebase:
    """What the interpreter of a location has that differs from its zygote's, as that interpreter itself says.

    `sys_path` is the path of `python -I -c`, without the script's folder, after `site` and every `.pth` ran.
    `site_dirs` are its own site-packages folders; packages that the zygote loaded from its n-th site folder
    are moved to the n-th of these. `pth_imports` are the `import ...` lines of its `.pth` files, in order,
    run in the child after the move. `drop_finders` are names of modules whose finders the zygote's own `.pth`
    files put on `sys.meta_path` or `sys.path_hooks` (editable installs).
    """

    prefix: str
    exec_prefix: str
    base_prefix: str
    base_exec_prefix: str
    sys_path: tuple[str, ...]
    site_dirs: tuple[str, ...]
    pth_imports: tuple[str, ...] = ()
    drop_finders: tuple[str, ...] = ()


@dataclass(frozen=True)
class ZygotePlan:
    """One zygote and the locations that it serves.

    `key` names everything the zygote is made of: two plans with equal keys are the same zygote, which is then
    kept. `env` is the complete environment of the zygote's process; a child's own environment replaces it
    after the fork, so only what counts at exec or while a module of `modules` is imported matters here
    (PYTHONPATH is not passed on to a zygote). `modules` are imported in this order; a module is left out, and
    reported, if it brings one of `never` with it. `site_dirs` are the site-packages folders of `python`.
    `rebase` has an entry for each location whose interpreter is not `python` itself. `shared` are those of `modules`
    that every location has loaded before its own code; `changing` are modules that were seen to change others, and
    so are nobody's to preload; `left_out` says why modules are not here that the locations import; `distributions`
    names the distribution of a top-level module where it has another name; `fingerprint` is the environment's.
    """

    key: str
    python: str
    env: Mapping[str, str]
    modules: tuple[str, ...]
    locations: tuple[str, ...]
    never: tuple[str, ...] = ()
    site_dirs: tuple[str, ...] = ()
    rebase: Mapping[str, Rebase] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    changing: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    distributions: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    flags: tuple[str, ...] = ()  # interpreter options, e.g. ("-X", "utf8")
    draft: bool = False  # built quickly, without the immortal heap, until the zygote that stays is there
    immortal: bool = True  # its interpreter may be able to have an immortal heap


@dataclass(frozen=True)
class Unfit:
    """Why a module is not preloaded: it holds what a fork must not inherit ("held"), changes what others use
    ("changed"), or needs one that does ("needs"); `words` say it to people."""

    kind: str
    words: str


@dataclass(frozen=True)
class LeftOut:
    """For people: a distribution that a zygote does not preload although its locations import it. `import_s` is what
    importing it costs each of them at a wake, in seconds, 0 where nobody measured it."""

    name: str
    why: str
    import_s: float
    modules: int


@dataclass(frozen=True)
class WarmedModule:
    """A module that a warm-up saw imported; `file` is "" for built-in and namespace modules.

    `env_read`: environment variables that were read while it, and nothing below it, was imported ("*": it looked
    at all of them). `needs`: modules that its body asked for, loaded before or not: where one of these must not be
    preloaded, neither must this one.
    """

    name: str
    file: str
    env_read: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class WarmUp:
    """What a location was seen to import, standard library included, in the order in which the imports began."""

    modules: tuple[WarmedModule, ...]
    load_s: float
    error: str | None = None  # the location did not load: the list is what was imported until then
    notes: tuple[str, ...] = ()  # calls that this Dagster did not answer
