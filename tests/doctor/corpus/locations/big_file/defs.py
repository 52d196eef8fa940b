import pathlib
import dagster as dg

words = pathlib.Path(__file__).with_name("model.bin").read_bytes()  # blame: any kind=file

@dg.asset
def counted():
    return len(words)

defs = dg.Definitions(assets=[counted])
