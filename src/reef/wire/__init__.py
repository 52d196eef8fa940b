"""Dagster's code-server API as raw bytes: which lane an RPC takes, and the few fields Reef must read."""
