import dagster as dg
from sqlalchemy import create_engine

engine = create_engine("sqlite://")  # blame: any kind=client memory=no

@dg.asset
def rows():
    return engine.connect()

defs = dg.Definitions(assets=[rows])
