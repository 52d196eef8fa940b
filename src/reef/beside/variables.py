"""Variables that choose, for Dagster's commands, what Reef has chosen already: no process of a fleet inherits them."""

from __future__ import annotations

from collections.abc import Mapping

TARGETS = (
    "DAGSTER_PYTHON_FILE",
    "DAGSTER_MODULE_NAME",
    "DAGSTER_PACKAGE_NAME",
    "DAGSTER_ATTRIBUTE",
    "DAGSTER_WORKING_DIRECTORY",
    "DAGSTER_autoload_defs_module_name",
)
CHOSEN = (
    *TARGETS,
    "DAGSTER_INSTANCE_REF",
    "DAGSTER_LAZY_LOAD_USER_CODE",
    "DAGSTER_CODE_SERVER_AUTO_RESTART_INTERVAL",
)


def not_taken(environ: Mapping[str, str]) -> list[str]:
    """A line for each that is set, for people."""
    return [f"{name} is set and not taken: {_instead(name)}" for name in CHOSEN if environ.get(name)]


def _instead(name: str) -> str:
    if name in TARGETS:
        return "the code is what the fleet's file names"
    if name == "DAGSTER_INSTANCE_REF":
        return "--dagster-home or DAGSTER_HOME names the instance"
    return "Reef decides when code is loaded and code servers are started"
