"""A real Prometheus with figures made by promtool: what cAdvisor and kube-state-metrics say of the chart's pods."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reefs import free_port

from deadlines import scaled, until

PROGRAMS = ("prometheus", "promtool")
STEP_S = 120
MIB = 1 << 20
CONTAINER = "dagster-user-deployments"


def missing() -> str | None:
    """Why there is no Prometheus here."""
    gone = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{' and '.join(gone)} is not installed (Debian: apt-get install prometheus)" if gone else None


@dataclass(frozen=True)
class Pod:
    """Memory in MiB; a spike is `spike` MiB for one scrape at 03:00 of the days that `spikes` has."""

    name: str
    memory: float
    cpu: float
    spike: float = 0
    spikes: tuple[int, ...] = ()
    request: float = 4096
    cores: float = 1.0
    oom_killed: bool = False
    first_day: int = 0
    namespace: str = "dagster"

    def labels(self) -> str:
        return f'namespace="{self.namespace}",pod="{self.name}",container="{CONTAINER}"'


def openmetrics(pods: list[Pod], days: int, now: float) -> str:
    """As `promtool tsdb create-blocks-from openmetrics` takes it."""
    begin = now - days * 86_400
    times = [begin + STEP_S * number for number in range(days * 86_400 // STEP_S)]
    lines = ["# TYPE container_memory_working_set_bytes gauge"]
    for pod in pods:
        for at in times[pod.first_day * 86_400 // STEP_S :]:
            day, second = divmod(at - begin, 86_400)
            top = pod.spike if day in pod.spikes and second < STEP_S else pod.memory
            lines.append(f"container_memory_working_set_bytes{{{pod.labels()}}} {top * MIB:.0f} {at:.0f}")
    lines.append("# TYPE container_cpu_usage_seconds counter")
    for pod in pods:
        for at in times[pod.first_day * 86_400 // STEP_S :]:
            used = pod.cpu * (at - begin)
            lines.append(f"container_cpu_usage_seconds_total{{{pod.labels()}}} {used:.3f} {at:.0f}")
    late = [at for at in times if at > now - 7200]
    for what in ("requests", "limits"):
        lines.append(f"# TYPE kube_pod_container_resource_{what} gauge")
        for pod in pods:
            figures = {"memory": pod.request * MIB, **({"cpu": pod.cores} if what == "requests" else {})}
            for resource, value in figures.items():
                labels = f'{pod.labels()},resource="{resource}"'
                lines += [
                    f"kube_pod_container_resource_{what}{{{labels}}} {value:.3f} {at:.0f}" for at in late
                ]
    lines.append("# TYPE kube_pod_container_status_last_terminated_reason gauge")
    for pod in pods:
        if pod.oom_killed:
            labels = f'{pod.labels()},reason="OOMKilled"'
            lines += [
                f"kube_pod_container_status_last_terminated_reason{{{labels}}} 1 {at:.0f}" for at in late
            ]
    return "\n".join([*lines, "# EOF", ""])


def make_data(folder: Path, text: str) -> Path:
    source, data = folder / "figures.txt", folder / "data"
    source.write_text(text)
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=744h", "openmetrics", "-q"]
    done = subprocess.run(
        [*command, str(source), str(data)], capture_output=True, text=True, timeout=scaled(120)
    )
    assert done.returncode == 0, done.stderr
    return data


@contextlib.contextmanager
def prometheus(folder: Path, data: Path, web_config: str = "") -> Iterator[str]:
    """Its address. `web_config` is what --web.config.file says."""
    port = free_port()
    (folder / "prometheus.yml").write_text("global: {}\n")
    (folder / "web.yml").write_text(web_config)
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--web.config.file={folder / 'web.yml'}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=90d",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    url = f"http://127.0.0.1:{port}"
    with (
        (folder / "prometheus.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as running,
    ):
        try:
            until(lambda: _is_ready(url, running, folder), 60, "for Prometheus")
            yield url
        finally:
            running.terminate()
            try:
                running.wait(scaled(20))
            except subprocess.TimeoutExpired:
                running.kill()


def _is_ready(url: str, running: subprocess.Popen[bytes], folder: Path) -> bool:
    assert running.poll() is None, (folder / "prometheus.log").read_text()
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=scaled(5)) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 401
    except OSError:
        return False
