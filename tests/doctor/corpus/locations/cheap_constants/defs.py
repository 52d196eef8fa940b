import dagster as dg

CODES = [str(number) for number in range(2_000)]

@dg.asset
def coded():
    return CODES

defs = dg.Definitions(assets=[coded])
