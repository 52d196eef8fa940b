import dagster as dg
import hv_bytes  # blame: run

def made(name):
    @dg.asset(name=name)
    def inner():
        return hv_bytes.parse(name)
    return inner
