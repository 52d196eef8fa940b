"""What an interpreter is and has, or why it cannot be used. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from sys import intern
from typing import Literal

Origin = Literal["index", "archive", "vcs", "local", "editable", "unowned"]
OLDEST_PYTHON = (3, 10)
UNOWNED = "(unowned)"  # stands for the files in site-packages that no distribution claims


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed distribution; `digest` is the content of its files as they lie on the disk.

    Scripts, bytecode and the installer's own notes are left out of the digest: they differ between equal
    installations. `source` is the folder of an editable or local-path distribution.
    """

    name: str  # normalized: lower case, runs of -_. are one -
    version: str
    root: str  # the folder on sys.path that holds it
    digest: str
    origin: Origin
    source: str | None = None

    @property
    def first_party(self) -> bool:
        """True where it comes from a working copy or from nobody knows where."""
        return self.origin in ("local", "editable", "unowned")


@dataclass(frozen=True, slots=True)
class Mark:
    """A path as it was seen: None for `inode` means that nothing was there."""

    path: str
    inode: int | None
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Environment:
    """A Python build, its installed distributions and its start-time files.

    `build` is the content of interpreter and standard library, `fingerprint` that of everything; neither
    depends on where the environment lies. `owners` has for each of `package_dirs` the path (relative, e.g.
    `google/protobuf` or `six.py`) of what belongs to one distribution -> its name.
    """

    python: str
    real_python: str
    version: tuple[int, int, int]
    implementation: str
    cache_tag: str
    abi_flags: str
    free_threaded: bool
    prefix: str
    exec_prefix: str
    base_prefix: str
    base_exec_prefix: str
    sys_path: tuple[str, ...]  # without the script's folder and PYTHONPATH, after every .pth
    site_dirs: tuple[str, ...]
    stdlib_dirs: tuple[str, ...]
    package_dirs: tuple[str, ...]
    owners: tuple[Mapping[str, str], ...]
    distributions: Mapping[str, Distribution]
    working_copies: Mapping[str, str]  # import name -> folder, of what .pth files put on the path
    pth_files: tuple[str, ...]
    pth_imports: tuple[str, ...]
    pth_variables: tuple[str, ...]  # environment variables that `.pth` and customize files look like reading
    finders: tuple[str, ...]  # modules whose finders are on sys.meta_path or sys.path_hooks
    customize: str  # digest of sitecustomize and usercustomize, "" where there are none
    build: str
    fingerprint: str
    marks: bytes = field(default=b"", repr=False)  # see `watch`

    @property
    def version_text(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def dagster_version(self) -> str:
        return self.distributions["dagster"].version

    def owner(self, file: str) -> Distribution | None:
        """The distribution that a file belongs to; None outside the package folders."""
        for folder, owners in zip(self.package_dirs, self.owners, strict=True):
            if file.startswith(folder + "/"):
                return self.distributions.get(_owner_name(file[len(folder) + 1 :], owners))
        return None

    def in_stdlib(self, file: str) -> bool:
        """True for the standard library's own files (not for site-packages below it)."""
        if any(file.startswith(folder + "/") for folder in self.package_dirs):
            return False
        return any(file.startswith(folder + "/") for folder in self.stdlib_dirs)

    def own_file(self, file: str) -> bool:
        """True where a file is the interpreter's or an ordinary distribution's, thus covered by `fingerprint`."""
        owner = self.owner(file)
        return self.in_stdlib(file) if owner is None else not owner.first_party


def compact(environment: Environment) -> Environment:
    """Equal, and sharing with the other environments of a fleet what is equal: most of fifty hold the same."""
    found = environment.distributions
    return replace(
        environment,
        owners=tuple(
            {intern(path): intern(name) for path, name in one.items()} for one in environment.owners
        ),
        distributions={intern(name): _shared(one) for name, one in found.items()},
    )


def _shared(one: Distribution) -> Distribution:
    name, version, root, digest = map(intern, (one.name, one.version, one.root, one.digest))
    return Distribution(name, version, root, digest, one.origin, one.source)


@dataclass(frozen=True)
class EnvironmentProblem:
    """Why an interpreter cannot be used; `hint` is the cure."""

    python: str
    reason: str
    hint: str


def _owner_name(relative: str, owners: Mapping[str, str]) -> str:
    end = relative.find("/")
    while end >= 0:
        if name := owners.get(relative[:end]):
            return name
        end = relative.find("/", end + 1)
    return owners.get(relative, UNOWNED)


FoundEnvironment = Environment | EnvironmentProblem
"""What an interpreter was found to be."""
