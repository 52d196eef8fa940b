"""Make environments that share an interpreter's distributions by hard links.

Runs *in the interpreter that is cloned*, as a script: `python clone.py < request.json > reply.json`. Standard
library only, nothing of Reef. Linking the installed files, bytecode included, needs no network, no installer
and no second copy on disk, and is what uv does from its cache: the files stay byte for byte the same.

request: {"targets": [folder], "roots": [distribution]}; a root that is not installed is reported, no error.
reply: {"python": {folder: interpreter}, "site": {folder: site-packages}, "missing": [root], "linked": files}
"""

from __future__ import annotations

import importlib.metadata as metadata
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import Any


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(roots: Iterable[str], installed: dict[str, metadata.Distribution]) -> set[str]:
    """The distributions that the roots need, extras aside."""
    found: set[str] = set()
    todo = [canonical(root) for root in roots]
    while todo:
        name = todo.pop()
        if name in found or name not in installed:
            continue
        found.add(name)
        for requirement in installed[name].requires or ():
            if not re.search(r"\bextra\s*==", requirement):
                todo.append(canonical(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]))
    return found


def files_of(distribution: metadata.Distribution) -> Iterator[tuple[str, str]]:
    """(absolute path, path below site-packages) of each installed file and its bytecode, but no scripts."""
    for file in distribution.files or ():
        source = str(distribution.locate_file(file))
        if file.parts[0] == ".." or not os.path.exists(source):
            continue
        yield source, str(file)
        if file.suffix == ".py":
            cached = bytecode_of(source)
            if os.path.exists(cached):
                yield (
                    cached,
                    os.path.join(os.path.dirname(str(file)), "__pycache__", os.path.basename(cached)),
                )


def bytecode_of(source: str) -> str:
    folder, name = os.path.split(source)
    return os.path.join(folder, "__pycache__", name[:-3] + "." + str(sys.implementation.cache_tag) + ".pyc")


def link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        pass
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)


def skeleton(folder: str) -> tuple[str, str]:
    """An empty environment of this interpreter, as `venv --without-pip` makes it, in a millisecond."""
    base = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    os.makedirs(os.path.join(folder, "bin"), exist_ok=True)
    python = os.path.join(folder, "bin", "python")
    for name, to in (("python", base), ("python3", "python")):
        if not os.path.lexists(os.path.join(folder, "bin", name)):
            os.symlink(to, os.path.join(folder, "bin", name))
    version = ".".join(str(part) for part in sys.version_info[:3])
    with open(os.path.join(folder, "pyvenv.cfg"), "w") as file:
        home = os.path.dirname(base)
        file.write(f"home = {home}\ninclude-system-site-packages = false\nversion = {version}\n")
    short = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = os.path.join(folder, "lib", short, "site-packages")
    os.makedirs(site, exist_ok=True)
    if sys.platlibdir != "lib" and not os.path.lexists(os.path.join(folder, sys.platlibdir)):
        os.symlink("lib", os.path.join(folder, sys.platlibdir))
    return python, site


def main() -> None:
    request = json.load(sys.stdin)
    installed = {canonical(d.metadata["Name"]): d for d in metadata.distributions() if d.metadata["Name"]}
    names = closure(request["roots"], installed)
    pairs = [pair for name in sorted(names) for pair in files_of(installed[name])]
    folders = sorted({os.path.dirname(below) for _, below in pairs})
    reply: dict[str, Any] = {"python": {}, "site": {}, "linked": len(pairs)}
    reply["missing"] = [root for root in request["roots"] if canonical(root) not in names]
    for target in request["targets"]:
        reply["python"][target], site = skeleton(target)
        reply["site"][target] = site
        for folder in folders:
            os.makedirs(os.path.join(site, folder), exist_ok=True)
        for source, below in pairs:
            link(source, os.path.join(site, below))
    json.dump(reply, sys.stdout)


if __name__ == "__main__":
    main()
