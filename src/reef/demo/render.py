"""From an entry of the catalogue to the files of its code."""

from __future__ import annotations

from collections.abc import Mapping

from reef.demo import asset_code, trigger_code
from reef.demo.catalogue import Entry
from reef.demo.packages import use_of

_CONFIG = '''

class Warehouse(dg.ConfigurableResource):
    """Where results go; a stand-in that remembers nothing."""

    schema_name: str = "{schema}"
    batch_size: int = 500

    def qualify(self, table: str) -> str:
        return f"{{self.schema_name}}.{{table}}"

'''


_STANDARD = """\
import json
import math
import os
import random
import time
from pathlib import Path

import dagster as dg
"""


def render(entry: Entry) -> Mapping[str, str]:
    """File name, relative to the location's folder -> source."""
    if entry.shape == "package":
        return _package(entry)
    body = [_assets(entry), trigger_code.check_code(entry), *_triggers(entry, _selection(entry))]
    return {"definitions.py": _tidy(_head(entry) + _support(entry) + "".join(body) + _definitions(entry))}


def _package(entry: Entry) -> Mapping[str, str]:
    """The same in several modules, imported relatively, as larger teams keep it."""
    name = entry.module
    checks = trigger_code.check_code(entry)
    assets = _head(entry) + _support(entry) + _assets(entry) + checks
    partitions = f"from {name}.assets import PARTITIONS\n" if entry.partitions else ""
    triggers = _STANDARD + partitions + "".join(_triggers(entry, _selection(entry)))
    star = f"from {name}.assets import *  # noqa: F403\nfrom {name}.triggers import *  # noqa: F403\n"
    return {
        f"{name}/__init__.py": f"from {name}.definitions import defs as defs\n",
        f"{name}/assets.py": _tidy(assets),
        f"{name}/triggers.py": _tidy(triggers),
        f"{name}/definitions.py": _tidy(f"import dagster as dg\n\n{star}" + _definitions(entry)),
    }


def _head(entry: Entry) -> str:
    return f'"""{entry.name}: a location of {entry.owner}."""\n\n' + _imports(entry)


def _imports(entry: Entry) -> str:
    own = use_of(entry.env)
    names = [own[0]] if own else []
    if missing := entry.setting("missing"):
        names.append(missing)
    lines = ["import numpy as np", "import pandas as pd"] if entry.shape == "pandas" else []
    return _STANDARD + "".join(f"{line}\n" for line in [*lines, *(f"import {name}" for name in names)])


def _support(entry: Entry) -> str:
    parts = []
    if own := use_of(entry.env):
        parts.append(f"\nREFERENCE = {own[1]}\n")
    if setting := entry.setting("setting"):
        parts.append(f'\n{setting} = os.environ["{setting}"]  # set for this location alone, in reef.yaml\n')
    if entry.partitions:
        kind, _, keys = entry.partitions.partition(":")
        parts.append(
            f"\nPARTITIONS = {asset_code.PARTITIONS[kind].replace('{keys!r}', repr(keys.split(',')))}\n"
        )
    if "config" in entry.extras:
        parts.append(_CONFIG.format(schema=entry.module))
    return "".join(parts)


def _assets(entry: Entry) -> str:
    group = entry.owner.replace("-", "_")
    if entry.shape == "factory":
        return asset_code.factory_assets(entry, group)
    if entry.shape == "multi":
        return asset_code.multi_assets(entry, group)
    if entry.shape == "pandas":
        return asset_code.PANDAS_ASSETS.substitute(group=group)
    graph = asset_code.graph_code(entry) if entry.shape == "graph" else ""
    return asset_code.plain_assets(entry, group) + graph


def _triggers(entry: Entry, selection: str) -> list[str]:
    return [
        trigger_code.job_code(entry, selection=selection),
        trigger_code.schedule_code(entry),
        trigger_code.sensor_code(entry),
    ]


def _selection(entry: Entry) -> str:
    return repr(list(entry.assets))


def _definitions(entry: Entry) -> str:
    assets = {"factory": "built_assets", "multi": f"[load_{entry.module}]"}
    listed = assets.get(entry.shape, f"[{', '.join(entry.assets)}]")
    jobs = [f"refresh_{entry.module}", f"{entry.module}_dry_run"]
    jobs += [f"{entry.module}_slices"] if entry.shape == "graph" else []
    lines = [f"    assets={listed},", f"    jobs=[{', '.join(jobs)}],"]
    lines += [f"    schedules=[{entry.module}_schedule],"]
    lines += [f"    sensors=[{', '.join(trigger_code.sensor_names(entry))}],"]
    lines += [f"    asset_checks=[{', '.join(trigger_code.check_names(entry))}],"]
    if "config" in entry.extras:
        lines.append('    resources={"warehouse": Warehouse()},')
    if entry.owner in ("growth", "planning"):
        lines.append("    executor=dg.in_process_executor,")
    return "\n\ndefs = dg.Definitions(\n" + "\n".join(lines) + "\n)\n"


def _tidy(source: str) -> str:
    """Two blank lines at most, and no import that is never used."""
    lines = source.splitlines()
    kept = [line for line in lines if not _unused(line, source)]
    text = "\n".join(kept)
    while "\n\n\n\n" in text:
        text = text.replace("\n\n\n\n", "\n\n\n")
    return text + "\n"


def _unused(line: str, source: str) -> bool:
    plain = {f"import {name}": f"{name}." for name in ("json", "math", "os", "random", "time")}
    plain["from pathlib import Path"] = "Path("
    return line in plain and plain[line] not in source
