"""A fleet over real libraries, whose locations say in what state their process is."""

from __future__ import annotations

import shutil
from pathlib import Path

HERE = Path(__file__).parent
REQUIREMENTS = (
    *("grequests", "pyftpdlib", "polars", "pandas", "pyarrow", "numpy", "requests", "boto3", "sqlalchemy"),
    *("dbt-core<1.11", "duckdb", "sentry-sdk", "opentelemetry-sdk", "ddtrace", "uvloop", "nest_asyncio"),
    *("matplotlib", "scikit-learn"),
)
IMPORTS = {
    "pull_one": "import grequests",
    "pull_two": "import grequests",
    "ftp_one": "from pyftpdlib import handlers, servers",
    "ftp_two": "from pyftpdlib import handlers, servers",
    "polars_one": "import polars",
    "polars_two": "import polars",
    "frames_one": "import pandas",
    "frames_two": "import pandas, pyarrow.parquet",
    "arrays": "import numpy",
    "web": "import requests",
    "cloud": "import boto3",
    "tables": "import sqlalchemy.orm",
    "models": "import dbt.cli.main",
    "ducks": "import duckdb",
    "errors": "import sentry_sdk",
    "spans": "import opentelemetry.sdk.trace",
    "traced": "import ddtrace",
    "loops": "import uvloop\nuvloop.install()",
    "nested": "import nest_asyncio\nnest_asyncio.apply()",
    "plots": "import matplotlib.pyplot",
    "fits": "import sklearn.linear_model",
    "acme_one": "import acme_lean",
    "acme_two": "import acme_lean",
    "plain_one": "",
    "plain_two": "",
}
"""Location -> what it imports before Dagster."""

SOURCE = """
{imports}
import os

import dagster as dg
import state_of

MINE = ("state_of", "defs")


def look(moment, only=()):
    folder = os.environ["STATES"]
    if os.path.exists(folder):
        state_of.dump(os.path.join(folder, f"{name}.{{moment}}"), MINE, only)


@dg.asset
def one():
    return 1


@dg.sensor(target=[one])
def tell(context):
    look("tick")
    return dg.SkipReason("null")


defs = dg.Definitions(assets=[one], sensors=[tell])
look("load", ("builtins", "socket", "json", "logging"))
"""


def write_fleet(folder: Path, python: Path) -> Path:
    """The fleet spec. States go to `folder / "states"`, once that is there."""
    lines = [f"defaults:\n  python: {python}\n  env: {{STATES: {folder / 'states'}}}\nlocations:"]
    for name, imports in IMPORTS.items():
        place = folder / name
        place.mkdir()
        shutil.copytree(HERE / "state_of", place / "state_of", ignore=shutil.ignore_patterns("__pycache__"))
        (place / "defs.py").write_text(SOURCE.format(imports=imports, name=name))
        lines.append(f"  {name}: {{code: {name}/defs.py, working_directory: {name}}}")
    spec = folder / "reef.yaml"
    spec.write_text("\n".join([*lines, ""]))
    return spec
