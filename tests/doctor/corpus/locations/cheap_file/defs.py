import pathlib
import dagster as dg

TEXT = pathlib.Path(__file__).read_text()

@dg.asset
def text():
    return TEXT

defs = dg.Definitions(assets=[text])
