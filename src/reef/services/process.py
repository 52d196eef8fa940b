"""One process that offers functions: started, asked to stop, or ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

from reef.fleet.model import ServiceSpec
from reef.hosting.launch import guest_command, open_log, path_of, socket_pair, start
from reef.hosting.link import Link
from reef.hosting.local_process import LocalProcess
from reef.words import fault, seconds


class StartFailed(Exception):
    """Why it does not serve."""


@dataclass(frozen=True)
class ServiceProcess:
    process: LocalProcess
    link: Link

    async def stop(self, within_s: float) -> None:
        """Lets running calls end, for a while."""
        with contextlib.suppress(OSError):
            await self.link.send({"do": "stop"})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.process.dead(), within_s)
        self.kill()
        await self.process.dead()
        self.link.close()

    def kill(self) -> None:
        self.process.kill_group()


def environ_of(spec: ServiceSpec, environ: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of the process; `environ` is the host's."""
    env = {name: value for name, value in environ.items() if not name.startswith("REEF_")}
    env["PATH"] = path_of(spec.python, env)
    return {**env, **spec.env}


async def started(spec: ServiceSpec, environ: Mapping[str, str], socket: str, log: str) -> ServiceProcess:
    """It answers on `socket` when this returns. Raises StartFailed."""
    ours, theirs = socket_pair()
    with contextlib.suppress(FileNotFoundError):
        await asyncio.to_thread(os.unlink, socket)
    try:
        file = await asyncio.to_thread(open_log, log)
        try:
            begun = await start(
                guest_command(spec.python, "service", theirs.fileno()),
                env=environ_of(spec, environ),
                cwd=spec.cwd,
                log=file,
                passed=(theirs.fileno(),),
            )
        finally:
            os.close(file)
    except OSError as error:
        ours.close()
        raise StartFailed(f"{spec.python} cannot be started: {fault(error)}") from None
    finally:
        theirs.close()
    made = ServiceProcess(begun.process, Link(ours))
    try:
        await asyncio.wait_for(_ready(made, spec, socket, log), spec.start_timeout_s)
    except BaseException as error:
        made.kill()
        made.link.close()
        if isinstance(error, TimeoutError):
            raise StartFailed(
                f"importing {spec.module} did not end within {seconds(spec.start_timeout_s)}"
            ) from None
        raise
    return made


async def _ready(made: ServiceProcess, spec: ServiceSpec, socket: str, log: str) -> None:
    await made.link.send(
        {"socket": socket, "module": spec.module, "expose": list(spec.expose), "at_once": spec.at_once}
    )
    said = await made.link.receive()
    if said is None:
        raise StartFailed(f"its process ended while importing {spec.module}; its output is in {log}")
    if said["event"] == "failed":
        error = said["error"]
        raise StartFailed(f"{error['type']}: {error['message']}")
