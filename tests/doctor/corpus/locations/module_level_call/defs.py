import dagster as dg

def build():
    return {str(number): [number] for number in range(60_000)}

INDEX = build()  # blame: any kind=body

@dg.asset
def indexed():
    return INDEX["1"]

defs = dg.Definitions(assets=[indexed])
