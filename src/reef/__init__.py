"""Reef: hundreds of Dagster code locations, each isolated, for the footprint of one."""

__version__ = "0.1.0"
