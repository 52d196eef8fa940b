import dagster as dg

CODES = [str(number) * 4 for number in range(120_000)]  # blame: any kind=body

@dg.asset
def coded():
    return CODES[0]

defs = dg.Definitions(assets=[coded])
