import dagster as dg
import sqlalchemy
import yaml
from dagster._core.workspace import context

@dg.asset
def parsed():
    return sqlalchemy.__version__, yaml, context

defs = dg.Definitions(assets=[parsed])
