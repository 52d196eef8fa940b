"""A small root file system from what this machine has: no package and no image is fetched for it.

A program is copied with the libraries that the loader names for it, to the paths where the loader looks for them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from lab.errors import LabError
from lab.oci import LayerWriter

TOOLS: tuple[str, ...] = (
    "cat",
    "chmod",
    "cp",
    "dd",
    "env",
    "grep",
    "head",
    "id",
    "kill",
    "ln",
    "ls",
    "mkdir",
    "mv",
    "ps",
    "rm",
)
TOOLS += ("sed", "sleep", "stat", "tail", "test", "touch", "true", "wc")
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


def write(layer: LayerWriter) -> None:
    """A shell, some tools, time zones, and what a C library reads."""
    for name, content in _FILES.items():
        layer.file(name, content.encode())
    layer.folder("tmp", 0o1777)
    layer.folder("root")
    shell = shutil.which("dash") or shutil.which("sh")
    if shell is None:
        raise LabError("There is no shell on this machine to put into images.")
    programs = {"sh": Path(shell).resolve()}
    programs |= {tool: Path(found).resolve() for tool in TOOLS if (found := shutil.which(tool))}
    for name, path in programs.items():
        layer.copy(f"bin/{name}", path)
    add_libraries(layer, programs.values())
    zones = Path("/usr/share/zoneinfo")
    if zones.is_dir():
        layer.tree(zones, "usr/share/zoneinfo")


def add_libraries(layer: LayerWriter, programs: Iterable[Path]) -> None:
    for library in sorted({library for program in programs for library in libraries(program)}):
        layer.copy(library, Path(library).resolve())


def libraries(program: Path) -> list[str]:
    """What a program or an extension module is linked with; nothing for what is static or no program."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True)
    if "not found" in done.stdout:
        raise LabError(f"{program} misses a library on this machine:\n{done.stdout}")
    return _LIBRARY.findall(done.stdout) if done.returncode == 0 else []
