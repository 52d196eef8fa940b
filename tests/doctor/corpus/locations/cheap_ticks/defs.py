import dagster as dg

@dg.asset
def one():
    return 1

@dg.schedule(cron_schedule="0 * * * *", target=[one])
def hourly():
    return dg.RunRequest()

@dg.sensor(target=[one])
def seeing():
    return dg.SkipReason("nothing")

defs = dg.Definitions(assets=[one], schedules=[hourly], sensors=[seeing])
