import dagster as dg
import hv_bytes  # blame: run
import hv_mmap  # blame: run

@dg.asset
def parsed():
    return hv_bytes.parse(hv_mmap.parse("x"))

defs = dg.Definitions(assets=[parsed])
