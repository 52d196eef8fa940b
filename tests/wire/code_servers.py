"""Real code servers for tests: `dagster api grpc` of an interpreter, on a small location file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from deadlines import Deadline, scaled

START_S = 60.0

SMALL = """
import time
import dagster as dg

@dg.asset
def one(): ...

@dg.asset(deps=[one], metadata={"ratio": float("nan")})
def two(): ...

@dg.asset_check(asset=two)
def fine():
    return dg.AssetCheckResult(passed=True)

@dg.op
def slow():
    for _ in range(600):
        time.sleep(0.1)

@dg.job(tags={"team": "söme"})
def slow_job():
    slow()

parts = dg.StaticPartitionsDefinition(["a", "b"])

@dg.asset(partitions_def=parts)
def three(): ...

three_job = dg.define_asset_job("three_job", [three])
all_job = dg.define_asset_job("all_job", [one, two])

@dg.schedule(cron_schedule="0 0 * * *", job=all_job, default_status=dg.DefaultScheduleStatus.RUNNING)
def nightly():
    return {}

@dg.sensor(job=all_job, minimum_interval_seconds=45)
def watcher(context):
    if context.cursor == "sleep":
        time.sleep(30)
    if context.cursor == "raise":
        raise ValueError("told to")
    return dg.SkipReason(f"cursor {context.cursor} " + "x" * (9_000_000 if context.cursor == "huge" else 0))

@dg.sensor(job=all_job)
def plain(context):
    return dg.SkipReason("never")

defs = dg.Definitions(
    assets=[one, two, three], asset_checks=[fine], jobs=[slow_job, three_job, all_job], schedules=[nightly],
    sensors=[watcher, plain],
)
"""

TWO_REPOSITORIES = """
import dagster as dg

@dg.op
def nothing(): ...

@dg.job
def first_job():
    nothing()

@dg.job
def second_job():
    nothing()

@dg.repository
def first():
    return [first_job]

@dg.repository
def second():
    return [second_job]
"""

BROKEN = "import nowhere_to_be_found\n"


@dataclass
class CodeServer:
    process: subprocess.Popen[bytes]
    socket: str
    log: Path

    @property
    def target(self) -> str:
        return f"unix:{self.socket}"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def code_server(
    folder: Path,
    source: str,
    *,
    name: str = "server",
    python: str = sys.executable,
    env: Mapping[str, str] | None = None,
    args: tuple[str, ...] = (),
) -> Iterator[CodeServer]:
    """Up and answering; dead afterwards."""
    file = folder / f"{name}.py"
    file.write_text(source)
    socket, log = folder / f"{name}.sock", folder / f"{name}.log"
    command = [
        python,
        "-m",
        "dagster",
        "api",
        "grpc",
        "-s",
        str(socket),
        "-f",
        str(file),
        "--location-name",
        name,
    ]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("DAGSTER_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *args], cwd=folder, stdout=output, stderr=output, env={**environ, **(env or {})}
        )
    server = CodeServer(process, str(socket), log)
    try:
        _until_it_answers(server)
        yield server
    finally:
        server.thaw()
        server.kill()


def _until_it_answers(server: CodeServer) -> None:
    deadline = Deadline(START_S)
    while True:
        with grpc.insecure_channel(server.target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            try:
                channel.unary_unary("/api.DagsterApi/Ping")(b"", timeout=scaled(2), wait_for_ready=True)
                return
            except grpc.RpcError:
                assert server.process.poll() is None, server.log.read_text()
                assert not deadline.over, server.log.read_text()
