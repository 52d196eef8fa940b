import dagster as dg
from cheap_mid import Thing

@dg.asset
def thing() -> Thing:
    return Thing()

defs = dg.Definitions(assets=[thing])
