"""Keeps what a cluster said, for whoever reads why a test failed after the cluster is gone."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab.cluster import Cluster
from lab.folders import cache
from lab.kubectl import KubectlError

_ASKED = {
    "pods.txt": ("get", "pods", "--all-namespaces", "--output=wide"),
    "events.txt": ("get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"),
    "nodes.txt": ("describe", "nodes"),
}


def keep(cluster: Cluster) -> Path:
    """The folder with logs of all programs, logs of pods, and what the API server answers; the last failure only."""
    folder = cache() / "failed" / cluster.folder.name
    shutil.rmtree(folder, ignore_errors=True)
    for machine in cluster.machines:
        (folder / machine.name).mkdir(parents=True)
        for log in machine.folder.glob("*.log"):
            shutil.copy(log, folder / machine.name)
        if (pods := machine.folder / "var-log" / "pods").is_dir():
            shutil.copytree(pods, folder / machine.name / "pods", symlinks=True)
    for name, question in _ASKED.items():
        (folder / name).write_text(_answer(cluster, question), "utf-8")
    return folder


def _answer(cluster: Cluster, question: tuple[str, ...]) -> str:
    try:
        return cluster.kubectl(*question)
    except KubectlError as error:
        return str(error)
