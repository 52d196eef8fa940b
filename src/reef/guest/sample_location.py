"""A small location of everyday things, on which a zygote rehearses and a warm-up learns."""
# mypy: ignore-errors

import sys

LOADED_BEFORE = frozenset(sys.modules)  # what a server has imported when it comes to a location's code

import dagster as dg  # noqa: E402

daily = dg.DailyPartitionsDefinition(start_date="2024-01-01")


@dg.asset(group_name="sample", description="An asset of the sample.")
def first():
    return 1


@dg.asset(group_name="sample", metadata={"rows": 3}, tags={"kind": "sample"})
def second(first):
    return first + 1


@dg.asset(group_name="sample", partitions_def=daily, kinds={"python"})
def third(context: dg.AssetExecutionContext):
    return dg.MaterializeResult(metadata={"when": context.partition_key})


@dg.asset_check(asset=first)
def positive():
    return dg.AssetCheckResult(passed=True)


@dg.op
def step(context: dg.OpExecutionContext) -> int:
    return 1


@dg.job(tags={"team": "sample"})
def steps():
    step()


assets_job = dg.define_asset_job("assets_job", selection="*first")
daily_job = dg.define_asset_job("daily_job", selection=["third"], partitions_def=daily)


@dg.schedule(job=assets_job, cron_schedule="0 * * * *")
def hourly(context: dg.ScheduleEvaluationContext):
    return dg.RunRequest(run_key=str(context.scheduled_execution_time))


@dg.sensor(job=steps, minimum_interval_seconds=30)
def watching(context: dg.SensorEvaluationContext):
    yield dg.SkipReason("nothing new")


@dg.sensor(job=steps, minimum_interval_seconds=30)
def counting(context: dg.SensorEvaluationContext):
    runs = context.instance.get_runs(limit=1) if context.instance_ref else []
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=str(len(runs)))], cursor="1")


defs = dg.Definitions(
    assets=[first, second, third],
    asset_checks=[positive],
    jobs=[steps, assets_job, daily_job],
    schedules=[hourly, dg.build_schedule_from_partitioned_job(daily_job)],
    sensors=[watching, counting],
)
