import dagster as dg
import hv_mmap  # blame: run

@dg.op
def parsing():
    return hv_mmap.parse("x")

@dg.job
def parse_job():
    parsing()

defs = dg.Definitions(jobs=[parse_job])
