"""Templates for what starts and checks a demo location's assets: jobs, schedules, sensors, asset checks."""

from __future__ import annotations

from string import Template

from reef.demo.catalogue import Entry

_JOB = Template("""
refresh_$module = dg.define_asset_job(
    "refresh_$module", selection=$selection, tags={"team": "$owner"}$options
)
""")

_CHECK_JOB = Template('''

@dg.op
def look_at_$module(context: dg.OpExecutionContext) -> int:
    """Counts what a refresh would touch; reads nothing, so it is safe to launch at any time."""
    context.log.info("$name has %d assets: %s", len(ASSETS_OF_$constant), ", ".join(ASSETS_OF_$constant))
    return len(ASSETS_OF_$constant)


@dg.job(executor_def=dg.in_process_executor, tags={"team": "$owner"}, description="A dry run: a second.")
def ${module}_dry_run():
    look_at_$module()


ASSETS_OF_$constant = $assets
''')

_SCHEDULES = {
    "plain": Template("""
${module}_schedule = dg.ScheduleDefinition(
    name="${module}_schedule", job=${module}_dry_run, cron_schedule="$cron",
    execution_timezone="Europe/Berlin", default_status=dg.DefaultScheduleStatus.RUNNING,
)
"""),
    "skip": Template('''

@dg.schedule(
    job=${module}_dry_run, cron_schedule="$cron", default_status=dg.DefaultScheduleStatus.RUNNING
)
def ${module}_schedule(context: dg.ScheduleEvaluationContext):
    """Looks often, runs seldom: at full and half hours only."""
    due = context.scheduled_execution_time
    if due.minute % 30:
        return dg.SkipReason(f"{due:%H:%M} is not on the half hour")
    return dg.RunRequest(run_key=f"{due:%Y-%m-%dT%H:%M}", tags={"due": f"{due:%H:%M}"})
'''),
}

_SENSOR_HEAD = """

@dg.sensor(
    job=${module}_dry_run, minimum_interval_seconds=$interval,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
"""

_SENSORS = {
    "instance": Template(
        _SENSOR_HEAD
        + '''\
def ${module}_is_stale(context: dg.SensorEvaluationContext):
    """Asks the instance when the first asset was last made."""
    event = context.instance.get_latest_materialization_event(dg.AssetKey("$asset"))
    if event is None:
        return dg.SkipReason("$asset was never made: left to people")
    age_s = time.time() - event.timestamp
    if age_s < $stale_s:
        return dg.SkipReason(f"$asset is {age_s:.0f} s old, fresh enough")
    return dg.RunRequest(run_key=f"$asset-{event.timestamp:.0f}")
'''
    ),
    "cursor": Template(
        _SENSOR_HEAD
        + '''\
def ${module}_has_news(context: dg.SensorEvaluationContext):
    """Counts arrivals since the last look; its cursor is the high-water mark."""
    mark = int(context.cursor or 0)
    now = int(time.time()) // $every_s
    context.update_cursor(str(now))
    if mark == 0:
        return dg.SkipReason(f"started at mark {now}")
    if now == mark:
        return dg.SkipReason(f"nothing above mark {mark}")
    return dg.RunRequest(run_key=f"$name-{now}", tags={"mark": str(now)})
'''
    ),
    "files": Template(
        _SENSOR_HEAD
        + '''\
def ${module}_files_landed(context: dg.SensorEvaluationContext):
    """Watches a drop folder; the cursor holds the newest modification time that was seen."""
    seen = float(context.cursor or 0)
    files = sorted(DROP_FOLDER.glob("*.csv"), key=lambda path: path.stat().st_mtime)
    fresh = [path for path in files if path.stat().st_mtime > seen]
    if not fresh:
        yield dg.SkipReason(f"no new file in {DROP_FOLDER}")
        return
    context.update_cursor(str(fresh[-1].stat().st_mtime))
    for path in fresh:
        yield dg.RunRequest(run_key=f"{path.name}-{path.stat().st_mtime}", tags={"file": path.name})


DROP_FOLDER = Path(__file__).resolve().parent / "landing"
'''
    ),
    "failure": Template('''

@dg.run_failure_sensor(name="${module}_tells_team", default_status=dg.DefaultSensorStatus.RUNNING)
def ${module}_tells_team(context: dg.RunFailureSensorContext):
    """Would write to the chat of $owner."""
    context.log.warning("%s failed: %s", context.dagster_run.job_name, context.failure_event.message)
'''),
}

_CHECK = Template("""

@dg.asset_check(asset=$target, description="Was it ever made, and from how much?")
def ${asset}_is_not_empty(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    event = context.instance.get_latest_materialization_event(dg.AssetKey("$asset"))
    metadata = event.asset_materialization.metadata if event and event.asset_materialization else {}
    rows = metadata["rows"].value if "rows" in metadata else 0
    return dg.AssetCheckResult(
        passed=event is not None, severity=dg.AssetCheckSeverity.WARN, metadata={"rows": rows}
    )
""")


def job_code(entry: Entry, *, selection: str) -> str:
    """The refresh job over the assets, and the dry run that schedules and sensors start."""
    options = ", partitions_def=PARTITIONS" if entry.partitions and entry.shape != "multi" else ""
    facts = _facts(entry)
    dry = _CHECK_JOB.substitute(facts, constant=entry.module.upper(), assets=repr(list(entry.assets)))
    return _JOB.substitute(facts, selection=selection, options=options) + dry


def schedule_code(entry: Entry) -> str:
    kind = "skip" if "skip" in entry.extras else "plain"
    return _SCHEDULES[kind].substitute(_facts(entry))


def sensor_code(entry: Entry) -> str:
    return "".join(_SENSORS[kind].substitute(_facts(entry)) for kind in sensor_kinds(entry))


def sensor_kinds(entry: Entry) -> tuple[str, ...]:
    return tuple(kind for kind in entry.sensors if kind != "quiet")


def sensor_names(entry: Entry) -> list[str]:
    ends = {"instance": "is_stale", "cursor": "has_news", "files": "files_landed", "failure": "tells_team"}
    return [f"{entry.module}_{ends[kind]}" for kind in sensor_kinds(entry)]


def check_code(entry: Entry) -> str:
    if "check" not in entry.extras:
        return ""
    asset = entry.stages[-1][0]
    return _CHECK.substitute(asset=asset, target=repr(asset))


def check_names(entry: Entry) -> list[str]:
    return [f"{entry.stages[-1][0]}_is_not_empty"] if "check" in entry.extras else []


def _facts(entry: Entry) -> dict[str, object]:
    spread = sum(map(ord, entry.name))  # differs from location to location, stays from run to run
    return {
        "module": entry.module, "name": entry.name, "owner": entry.owner, "cron": entry.cron,
        "asset": entry.assets[0], "interval": (30, 30, 45, 60)[spread % 4],
        "stale_s": 1800 + spread % 7 * 600, "every_s": 1200 + spread % 11 * 300,
    }  # fmt: skip
