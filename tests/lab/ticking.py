"""Schedules and sensors, started and looked at as Dagster's page does it."""

from __future__ import annotations

from typing import Any

from lab.world import ReefWorld

SCHEDULE, SENSOR = "every_minute", "looks"  # of each location of `lab.fleet`
_REPOSITORY = "__repository__"
_START = (
    "mutation($s:ScheduleSelector!,$e:SensorSelector!){"
    "startSchedule(scheduleSelector:$s){__typename ... on PythonError{message}} "
    "startSensor(sensorSelector:$e){__typename ... on PythonError{message}}}"
)
_STATE = "id ticks(afterTimestamp:$t){status timestamp error{message}}"
_TICKS = (
    "query($s:ScheduleSelector!,$e:SensorSelector!,$t:Float!){"
    f"scheduleOrError(scheduleSelector:$s){{__typename ... on Schedule{{scheduleState{{{_STATE}}}}}}} "
    f"sensorOrError(sensorSelector:$e){{__typename ... on Sensor{{sensorState{{{_STATE}}}}}}}}}"
)
_STOP = "mutation($s:String,$e:String){stopRunningSchedule(id:$s){__typename} stopSensor(id:$e){__typename}}"


def start(world: ReefWorld, location: str) -> None:
    """Its schedule and its sensor."""
    found = world.graphql(_START, _selectors(location))
    told = {name: answer["__typename"] for name, answer in found.items()}
    assert told == {"startSchedule": "ScheduleStateResult", "startSensor": "Sensor"}, found


def ticks(world: ReefWorld, location: str, after: float) -> dict[str, list[dict[str, Any]]]:
    """`schedule` and `sensor` -> ticks that began after a time (unix seconds), the newest first: their `status`,
    `timestamp` and `error`."""
    return {kind: each["ticks"] for kind, each in _states(world, location, after).items()}


def stop(world: ReefWorld, location: str) -> None:
    states = _states(world, location, 0.0)
    world.graphql(_STOP, {"s": states["schedule"]["id"], "e": states["sensor"]["id"]})


def _states(world: ReefWorld, location: str, after: float) -> dict[str, dict[str, Any]]:
    found = world.graphql(_TICKS, {**_selectors(location), "t": after})
    return {
        "schedule": found["scheduleOrError"]["scheduleState"],
        "sensor": found["sensorOrError"]["sensorState"],
    }


def _selectors(location: str) -> dict[str, dict[str, str]]:
    whose = {"repositoryName": _REPOSITORY, "repositoryLocationName": location}
    return {"s": {**whose, "scheduleName": SCHEDULE}, "e": {**whose, "sensorName": SENSOR}}
