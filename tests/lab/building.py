"""Builds pieces with Go, and says what it does meanwhile.

Each piece gets a module of its own that requires the piece's: so a replacement in the piece's own `go.mod` that
points into its repository does not count, and Kubernetes' parts are taken from where they are published.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lab import versions
from lab.errors import LabError
from lab.folders import alone, cache, used
from lab.programs import HERE, Piece

_EVERY_S = 20.0
_TOLD_LINES = 25
_SECCOMP_HINT = "runc needs a C compiler, pkg-config and libseccomp's headers (Debian: libseccomp-dev)"


def build(pieces: Sequence[Piece]) -> None:
    """Builds what is not there yet."""
    with alone("building"):
        missing = [piece for piece in pieces if not piece.built]
        used(*(piece.folder for piece in pieces if piece.built))
        if not missing:
            return
        _check_go()
        programs = sum(len(piece.packages) for piece in missing)
        say(
            f"building {programs} programs into {cache() / 'programs'} (once; 10 minutes for all on two quiet cores)"
        )
        started = time.monotonic()
        for piece in missing:
            _build(piece)
        say(f"built {programs} programs in {time.monotonic() - started:.0f} s")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _check_go() -> None:
    go = shutil.which("go")
    if go is None:
        raise LabError(
            f"There is no Go on this machine.\nInstall Go {versions.GO} or newer; `go` must be on PATH."
        )
    told = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"go(\d+)\.(\d+)", told)
    if found is None or (int(found[1]), int(found[2])) < tuple(map(int, versions.GO.split("."))):
        raise LabError(f"Go {versions.GO} or newer is needed; {go} is {told.strip()}.")


def _build(piece: Piece) -> None:
    work = cache() / "work" / piece.name
    shutil.rmtree(work, ignore_errors=True)
    (work / "bin").mkdir(parents=True)
    (work / "go.mod").write_text(_go_mod(piece), "utf-8")
    if piece.main:
        shutil.copy(HERE / piece.main, work / "main.go")
    for program, package in piece.packages.items():
        _compile(piece, work, program, package)
    shutil.rmtree(piece.folder, ignore_errors=True)
    piece.folder.parent.mkdir(exist_ok=True)
    (work / "bin").rename(piece.folder)
    shutil.rmtree(work)


def _go_mod(piece: Piece) -> str:
    """With the language version and the defaults that the piece's own module names."""
    if not piece.module:
        return f"module lab\n\ngo {versions.GO}\n"
    own = _published_go_mod(piece)
    language = re.search(r"^go \S+$", own, re.MULTILINE)
    defaults = re.findall(r"^godebug \w+=\S+$", own, re.MULTILINE)
    lines = ["module lab", "", language[0] if language else f"go {versions.GO}", *defaults]
    lines += [f"require {piece.module} {piece.version}"]
    parts = re.findall(r"^\s*(k8s\.io/\S+) => \./staging/", own, re.MULTILINE)
    lines += [f"replace {part} => {part} {piece.version.replace('v1.', 'v0.')}" for part in parts]
    return "\n".join(lines) + "\n"


def _published_go_mod(piece: Piece) -> str:
    command = ["go", "mod", "download", "-json", f"{piece.module}@{piece.version}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cache())
    told = json.loads(done.stdout) if done.stdout else {}
    if done.returncode:
        raise LabError(f"{piece.module} {piece.version} cannot be had:\n{told.get('Error') or done.stderr}")
    return Path(told["GoMod"]).read_text("utf-8")


def _compile(piece: Piece, work: Path, program: str, package: str) -> None:
    values = " ".join(f"-X {name}={value}" for name, value in piece.variables.items())
    command = ["go", "build", "-v", "-mod=mod", "-trimpath", *piece.flags, "-ldflags", f"-s -w {values}"]
    command += ["-o", f"bin/{program}", package]
    log = cache() / f"build-{program}.log"
    started = told = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=work, stdout=output, stderr=output, env={**os.environ, **piece.environment}
        )
        try:
            while process.poll() is None:
                time.sleep(0.2)
                if time.monotonic() - told > _EVERY_S:
                    told = time.monotonic()
                    say(f"  {program}: {told - started:.0f} s, {_progress(log)}")
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        raise LabError(_why(piece, program, log))
    say(f"  {program} {piece.version}: {time.monotonic() - started:.0f} s, {_progress(log)}")


def _progress(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()
    loaded = sum(line.startswith("go: downloading") for line in lines)
    modules = f"{loaded} modules downloaded, " if loaded else ""
    return f"{modules}{sum(not line.startswith('go: ') for line in lines)} packages compiled"


def _why(piece: Piece, program: str, log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()
    words = [line for line in lines if re.search(r"[ :]", line) and not line.startswith("go: downloading")]
    hint = f"\n{_SECCOMP_HINT}" if program == "runc" else ""
    end = "\n".join(words[-_TOLD_LINES:])
    return f"{program} {piece.version} cannot be built (all of it: {log}):\n{end}{hint}"
