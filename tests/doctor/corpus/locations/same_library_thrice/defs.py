import dagster as dg
import a
import b
import c

@dg.asset
def parsed():
    return a.f(b.f(c.f("x")))

defs = dg.Definitions(assets=[parsed])
