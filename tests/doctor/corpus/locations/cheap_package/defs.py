import dagster as dg
import cheap_pkg
import cheap_mid

@dg.asset
def parsed():
    return cheap_pkg.parse(cheap_mid.parse("x"))

defs = dg.Definitions(assets=[parsed])
