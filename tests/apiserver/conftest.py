"""Tests against an API server without nodes: see `lab/fixtures.py`."""

from __future__ import annotations

from lab.fixtures import api_server, kube_namespace  # noqa: F401
