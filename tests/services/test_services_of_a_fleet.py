"""A run of a fleet calls a shared service, which is started for it and ends with the host."""

from __future__ import annotations

import os
from pathlib import Path

from deadlines import until

DEFS = """
import os
import dagster as dg
from reef.dagster import SharedService

open("seen_services", "w").write(os.environ.get("REEF_SERVICES", ""))

@dg.op
def parse(context, postal: SharedService):
    assert postal.call("parse", "10 Main St") == ["10", "Main", "St"]
    assert [one[0] for one in postal.map("parse", ["a b", "c d"])] == ["a", "c"]
    open("pid_of_service", "w").write(str(postal.call("pid")))

@dg.job
def parse_job():
    parse()

defs = dg.Definitions(jobs=[parse_job], resources={"postal": SharedService(name="postal")})
"""
PARSER = "import os\ndef parse(text: str) -> list[str]: return text.split()\ndef pid(): return os.getpid()\n"
FLEET = """
services:
  postal: {module: postal_parser, expose: [parse, pid], memory: 1Gi, idle_timeout: 10m}
locations:
  sales: {code: defs.py}
"""


def test_a_run_calls_it(folder: Path, start: object) -> None:
    fleet = folder / "services"
    fleet.mkdir()
    for name, text in (("defs.py", DEFS), ("postal_parser.py", PARSER), ("reef.yaml", FLEET)):
        (fleet / name).write_text(text)
    reef = start("up", fleet, folder / "sv").until_up()  # type: ignore[operator]
    assert reef.status()["services"]["postal"]["state"] == "asleep"
    assert (fleet / "seen_services").read_text() == str(folder / "sv" / "s")
    run = reef.launch("sales", "parse_job")
    assert reef.run_ends(run) == "SUCCESS", reef.why(run)
    about = reef.status()["services"]["postal"]
    assert (about["state"], about["starts"], about["error"]) == ("warm", 1, "")
    pid = int((fleet / "pid_of_service").read_text())
    assert os.path.exists(f"/proc/{pid}")
    assert pid != os.getpid()
    more = FLEET.replace("idle_timeout: 10m", "idle_timeout: 20m")
    more = more.replace("services:", "services:\n  geo: {module: postal_parser, expose: [pid]}")
    (fleet / "reef.yaml").write_text(more)
    until(lambda: set(reef.status()["services"]) == {"geo", "postal"}, 60, "for the new service")
    assert reef.status()["services"]["postal"]["state"] == "asleep"  # the next call starts what it is now
    reef.stop()
    until(lambda: not os.path.exists(f"/proc/{pid}"), 20, "for the service's process to be gone")
