"""The rows of `kubernetes.py`: each measures one thing in namespaces of its own and gives them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kubernetes_base import base_image
from kubernetes_bench import Bench
from kubernetes_changes import change, promotions
from kubernetes_many import many
from kubernetes_memory import idle_memory, warm_memory
from kubernetes_requests import requests
from kubernetes_wakes import wakes

ROWS: Mapping[str, Callable[[Bench], None]] = {
    "memory": idle_memory,
    "warm": warm_memory,
    "requests": requests,
    "wakes": wakes,
    "change": change,
    "base": base_image,
    "promotions": promotions,
    "many": many,
}
