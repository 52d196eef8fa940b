"""Reef as the benchmarks drive it: the one place that knows its command line, its status and its reef.yaml."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

import measure
from dagster_side import Target
from fleetgen import MeasuredLocation
from processes import Processes

STEADY = measure.MB // 5
STEADY_PART = 1 / 1000  # of all: hundreds of servers have their own small movements
_REEF = (sys.executable, "-m", "reef.cli.main")


def understands(verb: str, option: str) -> bool:
    """Whether this Reef has an option."""
    told = subprocess.run([*_REEF, verb, "--help"], env=measure.environ(), capture_output=True, text=True)
    return option in told.stdout


def write_spec(
    folder: Path, locations: Sequence[MeasuredLocation], python: str, idle_timeout: str = "never"
) -> Path:
    """A reef.yaml of these locations. `never`: what is warm stays warm until it is told to sleep."""
    document = {
        "python": python,
        "defaults": {"idle_timeout": idle_timeout},
        "locations": {
            x.name: {"code": x.file, **({} if x.python == python else {"python": x.python})}
            for x in locations
        },
    }
    spec = folder / "reef.yaml"
    spec.write_text(yaml.safe_dump(document, sort_keys=False))
    return spec


class ReefHost:
    """One running host: `reef serve`, or `reef up` with a webserver on a port; `words` are more of its options."""

    def __init__(
        self, running: Processes, spec: Path, state: Path, *, home: str | None = None, port: int | None = None,
        daemon: bool = False, words: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._running, self._state = running, state
        up = ["up", *([] if daemon else ["--no-daemon"]), "--port", str(port)]
        verb = [*(["serve"] if port is None else up), *words]
        command = [*_REEF, *verb, str(spec), "--state-dir", str(state), "--json"]
        env = measure.environ(**({"DAGSTER_HOME": home} if home else {}))
        self._log = running.folder / "reef.log"
        self.process = running.start(command, log="reef", env=env)

    @property
    def home(self) -> Path:
        """The embedded DAGSTER_HOME of `reef up`."""
        return self._state / "dagster_home"

    @property
    def pid(self) -> int:
        return self.process.pid

    def until_ready(self, count: int, deadline_s: float = 300.0) -> dict[str, Any]:
        """Wait until every location has its snapshot, or an error; the status then."""

        def ready() -> dict[str, Any] | None:
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"reef ended with {self.process.returncode}: {self._log.read_text()[-3000:]}"
                )
            status = self.status()
            rows = status["locations"] if status else []
            settled = [row for row in rows if row["server_id"] and row["state"] != "loading"]
            return status if len(settled) == count else None

        status = measure.wait_for(ready, f"reef serves {count} locations", deadline_s, every_s=0.2)
        if failed := [row for row in status["locations"] if row["last_error"]]:
            raise RuntimeError(f"{failed[0]['name']} does not load: {failed[0]['last_error'][:2000]}")
        return status

    def status(self) -> dict[str, Any] | None:
        """None while no host answers."""
        try:
            reply = self._ask({"do": "status"})
        except OSError:
            return None
        return dict(reply["ok"]) if "ok" in reply else None

    def _ask(self, request: Mapping[str, object]) -> dict[str, Any]:
        """One line to the host's own socket, as `reef status` and `reef sleep` send it, without their start."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(60)
            line.connect(str(self._state / "admin.sock"))
            line.sendall(json.dumps(request).encode() + b"\n")
            return dict(json.loads(line.makefile().readline() or "{}"))

    def deploy(self, *words: str) -> dict[str, Any]:
        """`reef deploy --json`; what it printed. RuntimeError where it refused or failed."""
        return dict(self._command("deploy", *words))

    def history(self, name: str) -> list[dict[str, Any]]:
        """`reef history --json` of a location: its promotions, newest first."""
        return list(self._command("history", name))

    def _command(self, *words: str) -> Any:
        command = [*_REEF, *words, "--json", "--state-dir", str(self._state)]
        done = subprocess.run(command, env=measure.environ(), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout[-300:]} {done.stderr[-1000:]}")
        return json.loads(done.stdout)

    def sleep(self, names: Iterable[str]) -> None:
        """Put locations to sleep, all at once: each takes half a second to end. RuntimeError where one does not."""
        wanted = list(names)
        if not wanted:
            return
        with ThreadPoolExecutor(len(wanted)) as pool:
            rows = list(pool.map(lambda name: self._ask({"do": "sleep", "location": name}), wanted))
        for name, row in zip(wanted, [row.get("ok", {}) for row in rows], strict=True):
            if row.get("pid") is not None:
                raise RuntimeError(f"{name} does not sleep: {row.get('note')}")

    def sleep_all(self) -> None:
        self.sleep(self.server_pids())

    def until_asleep(self, deadline_s: float = 60.0) -> None:
        """All asleep, all zygotes there, no probe under way: nothing runs but the host and its zygotes."""

        def quiet() -> bool:
            self.sleep_all()
            zygotes = self.zygote_pids()
            return bool(zygotes) and self._own() == {self.pid, *zygotes}

        measure.wait_for(quiet, "nothing but host and zygotes runs", deadline_s, every_s=0.2)

    def zygote_pids(self) -> list[int]:
        return [zygote["pid"] for zygote in (self.status() or {"zygotes": []})["zygotes"]]

    def targets(self) -> dict[str, Target]:
        """Location name -> where Dagster would reach it, from the workspace.yaml that Reef wrote."""
        entries = yaml.safe_load((self._state / "workspace.yaml").read_text())["load_from"]
        return {entry["grpc_server"]["location_name"]: _target(entry["grpc_server"]) for entry in entries}

    def server_pids(self) -> dict[str, int]:
        """Location name -> its code server, of those that are warm."""
        status = self.status() or {"locations": []}
        return {row["name"]: row["pid"] for row in status["locations"] if row["pid"]}

    def own_socket(self, name: str, pid: int) -> Target:
        """Where a warm location's server listens itself, behind the gateway."""
        return {"name": name, "socket": _listening_socket(pid)}

    def _own(self) -> set[int]:
        """All of Reef's processes, without Dagster's webserver and daemon."""
        beside = (self.status() or {"beside": {}})["beside"] or {}
        dagster = [one["pid"] for one in beside.values() if one and one.get("pid")]
        return set(measure.tree(self.pid)) - set(measure.tree(*dagster))

    def memory(self) -> measure.Memory:
        """The whole of Reef: host, zygotes, servers."""
        return measure.memory(self._own())

    def settled_memory(self, looks: int = 2) -> measure.Memory:
        """The same, once it does not change over so many looks: after a start the host still gives back what only the
        start took, a server that rests what its last calls took."""
        seen: list[measure.Memory] = []

        def settled() -> bool:
            seen.append(self.memory())
            last = [one.pss for one in seen[-looks:]]
            return len(last) == looks and max(last) - min(last) < max(STEADY, STEADY_PART * last[-1])

        measure.wait_for(settled, "Reef's memory is steady", 30.0, every_s=0.5)
        return seen[-1]

    def host_memory(self) -> measure.Memory:
        return measure.memory([self.pid])

    def end(self) -> None:
        """As Ctrl-C does. Dagster's webserver, which closes what it watches one after the other, is not waited for."""
        webserver = ((self.status() or {}).get("beside") or {}).get("webserver")
        if webserver and webserver.get("pid"):
            os.kill(webserver["pid"], signal.SIGKILL)
        self._running.end(self.process, grace_s=20.0)


def _target(entry: Mapping[str, Any]) -> Target:
    address = {key: entry[key] for key in ("socket", "host", "port") if entry.get(key) is not None}
    return {"name": entry["location_name"], **address}


def _listening_socket(pid: int) -> str:
    """The unix socket that a process listens on, as the kernel knows it."""
    inodes = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        link = str(fd.readlink()) if fd.is_symlink() else ""
        if link.startswith("socket:["):
            inodes.add(link[8:-1])
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        listens = int(fields[3], 16) & 0x10000
        if listens and fields[6] in inodes and len(fields) > 7:
            return fields[7]
    raise RuntimeError(f"process {pid} listens on no unix socket")
