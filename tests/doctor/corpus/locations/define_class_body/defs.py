import dagster as dg
import hv_bytes  # blame: define

class Settings:
    size = hv_bytes.SIZE  # without:     size = 30

@dg.asset
def sized():
    return Settings.size

defs = dg.Definitions(assets=[sized])
