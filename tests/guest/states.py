"""Locations that tell what process they are in, and the plain server to compare them with."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hosts import until

from deadlines import scaled

STATE = """
import hashlib, json, os, random, signal, sys, time, warnings
import multiprocessing, multiprocessing.process, multiprocessing.spawn


def state():
    main = sys.modules["__main__"]
    mask = os.umask(0); os.umask(mask)
    return {
        "env": dict(os.environ),
        "cwd": os.getcwd(),
        "path": sys.path,
        "argv": sys.argv,
        "orig_argv": sys.orig_argv,
        "executable": sys.executable,
        "prefixes": [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix],
        "main": [getattr(main, "__file__", None), getattr(main.__spec__, "name", None), main.__package__],
        "main_names": sorted(vars(main)),
        "authkey": hashlib.sha256(multiprocessing.current_process().authkey).hexdigest(),
        "spawn": os.fsdecode(multiprocessing.spawn.get_executable()),
        "original_dir": multiprocessing.process.ORIGINAL_DIR,
        "start_method": multiprocessing.get_start_method(allow_none=True),
        "zone": time.tzname,
        "random": random.random(),
        "handlers": {s.name: str(signal.getsignal(s)).split(" at ")[0] for s in signal.Signals},
        "blocked": sorted(s.name for s in signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "umask": mask,
        "stdin": os.readlink("/proc/self/fd/0"),
        "session": os.getsid(0) == os.getpid(),
        "bytecode": [sys.dont_write_bytecode, sys.pycache_prefix],
        "meta_path": [str(type(f)) if not isinstance(f, type) else str(f) for f in sys.meta_path],
        "recursion": sys.getrecursionlimit(),
        "limits": {n: __import__("resource").getrlimit(n) for n in range(16)},
        "gc": [__import__("gc").isenabled(), __import__("gc").get_threshold()],
        "locale": __import__("locale").setlocale(__import__("locale").LC_ALL),
        "warnoptions": sys.warnoptions,
        "private_modules": [name for name in sys.modules if name.startswith("reef")],
        "oom": open("/proc/self/oom_score_adj").read(),
    }


def write(name):
    with open(os.path.join(os.environ["STATES"], name + ".new"), "w") as file:
        json.dump(state(), file)
    os.rename(os.path.join(os.environ["STATES"], name + ".new"), os.path.join(os.environ["STATES"], name))
"""

LOCATION = (
    STATE
    + """
import dagster as dg

@dg.op
def tell():
    write("run")

@dg.op
def wait():
    import time
    write("run")
    time.sleep(600)

@dg.job(executor_def=dg.in_process_executor)
def telling():
    tell()

@dg.job(executor_def=dg.in_process_executor)
def waiting():
    wait()

@dg.job
def in_steps():
    tell()

defs = dg.Definitions(jobs=[telling, waiting, in_steps])
if "run" not in " ".join(map(os.path.basename, sys.orig_argv[1:])) and "--multiprocessing-fork" not in sys.orig_argv:
    write("load")
"""
)

# Changed by every process: not to be compared, but looked at by tests of their own.
OWN = ("authkey", "random", "session")


@contextlib.contextmanager
def plain_server(
    args: list[str], cwd: Path, env: Mapping[str, str], python: str = sys.executable
) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m dagster api grpc` as anybody would start it."""
    server = subprocess.Popen(
        [python, "-m", "dagster", "api", "grpc", *args],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield server
    finally:
        server.kill()
        server.wait()


def read(folder: Path, name: str) -> dict[str, Any]:
    until(lambda: (folder / name).exists(), f"{name} is written", 60)
    state: dict[str, Any] = json.loads((folder / name).read_text())
    return state


def comparable(state: Mapping[str, Any], folder: Path, socket: str) -> dict[str, Any]:
    """Without what differs between any two processes."""
    text = json.dumps({name: value for name, value in state.items() if name not in OWN})
    text = text.replace(socket, "SOCKET").replace(str(folder), "STATES")
    comparable: dict[str, Any] = json.loads(text)
    comparable["env"].pop("_", None)
    return comparable


def launch(socket: str, home: Path, job: str, env: Mapping[str, str]) -> str:
    """A run through `StartRun`, as Dagster's launcher makes one; its id."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "launch_run.py"), socket, job],
        env={**env, "DAGSTER_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=scaled(100),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def run_status(home: Path, run_id: str) -> str:
    """Of the instance's own database: who asks Dagster pays its import for each look."""
    database = f"file:{home}/history/runs.db?mode=ro"
    with contextlib.closing(sqlite3.connect(database, uri=True, timeout=scaled(10))) as runs:
        ((status,),) = runs.execute("select status from runs where run_id = ?", (run_id,))
    return str(status)


def make_home(folder: Path) -> Path:
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    os.chmod(folder, 0o700)
    return folder
