"""Asks a Dagster instance what only Dagster can: run by an interpreter that has it, with DAGSTER_HOME set.

Stdlib at import; Dagster only inside the commands. Input: JSON on stdin where one is needed; output: one JSON line.
"""

from __future__ import annotations

import gc
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


def defs_state(_request: Any) -> Any:
    """Key -> newest version of defs state."""
    with _instance() as instance:
        storage = getattr(instance, "defs_state_storage", None)
        info = storage.get_latest_defs_state_info() if storage else None
    return {key: one.version for key, one in info.info_mapping.items() if one} if info else {}


TICK_ENDS_S = 15.0


def rename(request: Any) -> Any:
    """Carry the state of a location's schedules and sensors over to another name; their own names.

    The old ones are stopped first, and a tick that is under way may end: its cursor is carried over too.
    """
    from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus

    with _instance() as instance:
        before = [state for state in instance.all_instigator_state() if _location(state) == request["old"]]
        for state in before:
            instance.update_instigator_state(state.with_status(InstigatorStatus.STOPPED))
        _until_no_tick(instance, before)
        for state in before:
            now = instance.get_instigator_state(state.instigator_origin_id, state.selector_id) or state
            origin = _moved(state.origin, request)
            data = _after_last_tick(instance, now)
            new = InstigatorState(origin, state.instigator_type, state.status, data)
            if instance.get_instigator_state(new.instigator_origin_id, new.selector_id):
                instance.update_instigator_state(new)
            else:
                instance.add_instigator_state(new)
    return sorted(state.instigator_name for state in before)


def _location(state: Any) -> str:
    return str(state.origin.repository_origin.code_location_origin.location_name)


def _until_no_tick(instance: Any, states: Any) -> None:
    from dagster._core.scheduler.instigation import TickStatus

    deadline = time.monotonic() + TICK_ENDS_S
    while time.monotonic() < deadline:
        latest = [instance.get_ticks(one.instigator_origin_id, one.selector_id, limit=1) for one in states]
        if not any(ticks and ticks[0].status == TickStatus.STARTED for ticks in latest):
            return
        time.sleep(0.1)


def _moved(origin: Any, request: Any) -> Any:
    """The same schedule or sensor as Dagster will name it, from the same entry of a workspace file."""
    from dagster._core.workspace.load import location_origins_from_config

    entry = {"grpc_server": {**request["address"], "location_name": request["new"]}}
    (location,) = location_origins_from_config({"load_from": [entry]}, ".").values()
    repository = type(origin.repository_origin)(location, origin.repository_origin.repository_name)
    return type(origin)(repository, origin.instigator_name)


def _after_last_tick(instance: Any, state: Any) -> Any:
    """Its ticks stay under the old name: without them a schedule would begin again where it was first started."""
    data = state.instigator_data
    if not hasattr(data, "last_iteration_timestamp"):
        return data
    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
    last = max([data.last_iteration_timestamp or 0.0, *(tick.timestamp + 1 for tick in ticks)])
    return data._replace(last_iteration_timestamp=last) if last else data


COMMANDS = {
    "cancel-runs": cancel_runs,
    "defs-state": defs_state,
    "touch": touch,
    "heartbeats": heartbeats,
    "fail-runs": fail_runs,
    "rename": rename,
}
WITH_REQUEST = ("cancel-runs", "fail-runs", "rename")


def main(argv: list[str]) -> int:
    gc.disable()  # a process of two seconds, in which Dagster's import would be looked through for garbage
    command = COMMANDS[argv[0]]
    request = json.loads(sys.stdin.read() or "null") if argv[0] in WITH_REQUEST else None
    print(json.dumps(command(request)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
