"""Asks a Dagster instance what only Dagster can: run by an interpreter that has it, with DAGSTER_HOME set.

Stdlib at import; Dagster only inside the commands. Input: JSON on stdin where one is needed; output: one JSON line.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def _instance() -> Any:
    from dagster import DagsterInstance

    return DagsterInstance.get()


def touch(_request: Any) -> Any:
    """Create the storages, so that later openers do not race on their migrations."""
    with _instance() as instance:
        instance.get_runs_count()
        instance.all_instigator_state()
        instance.get_asset_keys(limit=1)
    return {}


def heartbeats(_request: Any) -> Any:
    """Seconds since each kind of daemon last reported, by its name."""
    with _instance() as instance:
        beats = instance.get_daemon_heartbeats()
    return {str(kind): max(0.0, time.time() - beat.timestamp) for kind, beat in beats.items()}


def fail_runs(request: Any) -> Any:
    """Report runs failed whose processes are gone; the ones that finished after all are left alone."""
    failed = []
    with _instance() as instance:
        for run_id, message in request.items():
            run = instance.get_run_by_id(run_id)
            if run is None or run.is_finished:
                continue
            instance.report_engine_event(message, run)
            instance.report_run_failed(run)
            failed.append(run_id)
    return failed


def cancel_runs(request: Any) -> Any:
    """Mark live runs as being cancelled by a person, so that their interruption is no failure."""
    told = []
    with _instance() as instance:
        for run_id, message in request.items():
            run = instance.get_run_by_id(run_id)
            if run is not None and not run.is_finished:
                instance.report_run_canceling(run, message)
                told.append(run_id)
    return told


COMMANDS = {"cancel-runs": cancel_runs, "touch": touch, "heartbeats": heartbeats, "fail-runs": fail_runs}


def main(argv: list[str]) -> int:
    command = COMMANDS[argv[0]]
    request = json.loads(sys.stdin.read() or "null") if argv[0].endswith("-runs") else None
    print(json.dumps(command(request)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
