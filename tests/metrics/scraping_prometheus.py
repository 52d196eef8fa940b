"""A Prometheus in a process of its own, and what Grafana asks it."""

from __future__ import annotations

import json
import math
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from prometheus_programs import prometheus
from reefs import free_port

from deadlines import scaled, until
from reef.metrics.rules import rules_text


class Prometheus:
    """Scrapes `targets` (`host:port`) each second, and evaluates Reef's rules as often."""

    def __init__(self, folder: Path, targets: Sequence[str]) -> None:
        program, self.port = prometheus(), free_port()
        folder.mkdir()
        (folder / "rules.yaml").write_text(rules_text())
        scrape = {"job_name": "reef", "static_configs": [{"targets": list(targets)}]}
        every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config = {"global": every, "rule_files": ["rules.yaml"], "scrape_configs": [scrape]}
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        command = [
            program,
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]
        self.log = folder / "log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        until(self._is_ready, 60, "for Prometheus")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return bool(self._get("/api/v1/query", query="1"))
        except OSError:
            return False

    def _get(self, path: str, **query: str) -> Any:
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=scaled(20)) as response:
            return json.load(response)["data"]

    def ask(self, expr: str) -> list[tuple[dict[str, str], float]]:
        """Labels and values now; raises HTTPError for what is no query."""
        data = self._get("/api/v1/query", query=expr)
        found = [data["result"]] if data["resultType"] == "scalar" else data["result"]
        if data["resultType"] == "scalar":
            return [({}, float(found[0][1]))]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def numbers(self, expr: str) -> list[float]:
        """Those that are numbers."""
        return [value for _, value in self.ask(expr) if not math.isnan(value)]

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self._get("/api/v1/rules")["groups"] for rule in group["rules"]]

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(scaled(30))
