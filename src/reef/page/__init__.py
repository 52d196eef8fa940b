"""Dagster's own page: a webserver shows what is promoted, and new code that does not load.

A module belongs here if it tells a webserver something, or listens for entries that only a webserver reads.
"""
