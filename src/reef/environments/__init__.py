"""Environments: what each interpreter of a fleet is, and whether it still is."""

from reef.environments.inspection import changed, inspect, inspect_all
from reef.environments.model import Distribution, Environment, EnvironmentProblem, FoundEnvironment, Mark
from reef.environments.startup import top_level_names
from reef.environments.watch import changed_since, what_changed

__all__ = [
    "Distribution",
    "Environment",
    "EnvironmentProblem",
    "FoundEnvironment",
    "Mark",
    "changed",
    "changed_since",
    "inspect",
    "inspect_all",
    "top_level_names",
    "what_changed",
]
