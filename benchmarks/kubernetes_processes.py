"""Memory, processor time and writes of Reef's processes on Kubernetes at rest: a controller that leads, one that
stands by, a gateway.

They run on this machine, over an API server alone and a real PostgreSQL (docs/testing-on-kubernetes.md): no root and no
node is needed. The CodeLocations are there and no pods are, so a leader has less to hold than in a cluster.
`--other SRC` measures another checkout's `src` beside this one's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "trust"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "clusterapi"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from asking import location, ready_for_locations
from mutual import given

from kubernetes_rest import REST_S, writes
from lab.apiserver import ApiServer, assets
from lab.memory import pss
from measure import cpu_seconds, say
from postgres import Postgres
from reef.trust.authority import make_authority
from report import Report, arguments, emit, setting_of

SOURCE = Path(__file__).resolve().parents[1] / "src"
HEALTH = "http://127.0.0.1:8081/readyz"
QUIET_S = 10.0
SETTLES_S = 45.0  # what a process needs for its start is given back after half a minute


@dataclass(frozen=True)
class Held:
    """`pss` in bytes, `cores` and `writes` a second at rest; renewals of leases are not among the writes."""

    pss: int
    cores: float
    writes: float


def main() -> int:
    parser = arguments(__doc__.splitlines()[0], locations=40)
    parser.add_argument("--other", type=Path, help="the folder src of another checkout")
    args = parser.parse_args()
    found = assets()
    if found is None:
        print("error: there is no API server: `make cluster-programs` builds one", file=sys.stderr)
        return 77
    report = Report("Kubernetes: memory of Reef's processes", setting_of(args))
    sources = {"this": SOURCE, **({"other": args.other} if args.other else {})}
    with tempfile.TemporaryDirectory(prefix="reef-processes-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with around(folder, found) as (server, database):
            for label, source in sources.items():
                for what, held in measured(folder, server, database, source, args.locations, label).items():
                    report.figure(what, label, held.pss / 1e6, "MB")
                    report.figure(f"{what}: at rest", label, held.cores, "cores")
                    report.figure(f"{what}: writes at rest", label, held.writes, "a second")
    report.notes.append(f"{args.locations} CodeLocations, no pods; PSS {SETTLES_S:g} s after each is ready")
    return emit(report, args)


@contextmanager
def around(folder: Path, programs: Path) -> Iterator[tuple[ApiServer, Postgres]]:
    """What they speak to."""
    server, database = ApiServer(folder / "api", programs), Postgres(folder / "postgres")
    try:
        ready_for_locations(server)
        yield server, database
    finally:
        database.stop()
        server.stop()


def measured(
    folder: Path, server: ApiServer, database: Postgres, source: Path, count: int, label: str
) -> dict[str, Held]:
    """What is measured -> what it takes."""
    found = {}
    for what, held in (("the controller that leads", False), ("a controller that stands by", True)):
        namespace = f"{label}-{'standby' if held else 'leads'}"
        server.kubectl("create", "namespace", namespace)
        server.kubectl.apply(*(location(f"location-{each:02d}", namespace) for each in range(count)))
        if held:
            server.kubectl.apply(_lease(namespace))
        environment = {
            "REEF_NAMESPACE": namespace,
            "REEF_IMAGE": "reef.test/reef:1",
            "REEF_STATE": str(folder / namespace),
            "REEF_DATABASE_URL": database.url,
        }
        with _running(source, server, environment, "controller") as process:
            found[what] = _settled(process, server)
    certificates = folder / f"tls-{label}"
    certificates.mkdir()
    authority = make_authority(time.time())
    given(certificates, authority, "gateway", time.time())
    words = ("--namespace", f"{label}-leads", "--state", str(folder / f"gateway-{label}"))
    words += ("--tls", str(certificates / "gateway"), "--host", "127.0.0.1")
    with _running(source, server, {}, "gateway", *words) as process:
        found["a gateway"] = _settled(process, server, ready=False)
    return found


def _lease(namespace: str) -> dict[str, object]:
    spec = {"holderIdentity": "another", "leaseDurationSeconds": 3600, "leaseTransitions": 1}
    meta = {"name": "reef-controller", "namespace": namespace}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}


@contextmanager
def _running(
    source: Path, server: ApiServer, environment: Mapping[str, str], *words: str
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "from reef.cli.main import main; main()", *words]
    environ = {
        **os.environ,
        **environment,
        "PYTHONPATH": str(source),
        "KUBECONFIG": str(server.kubeconfig),
    }
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _settled(process: subprocess.Popen[bytes], server: ApiServer, ready: bool = True) -> Held:
    """Once it is ready, or answers, and has given back what its start needed."""
    deadline = time.monotonic() + 300
    while not _answers(ready):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"a process did not come up: exit status {process.poll()}")
        time.sleep(0.5)
    time.sleep(SETTLES_S)
    _until_little_is_written(server)
    before, cpu_before, began = writes(server.kubectl), cpu_seconds([process.pid]), time.monotonic()
    time.sleep(REST_S)
    took, written = time.monotonic() - began, writes(server.kubectl) - before
    say(f"written in {took:.0f} s: {dict(written)}")
    cores = (cpu_seconds([process.pid]) - cpu_before) / took
    return Held(pss(process.pid), cores, sum(written.values()) / took)


def _until_little_is_written(server: ApiServer) -> None:
    """At most a write a second, or five minutes: what is there has its Services and statuses by then."""
    end, before = time.monotonic() + 300, writes(server.kubectl)
    while time.monotonic() < end:
        time.sleep(QUIET_S)
        now = writes(server.kubectl)
        if sum((now - before).values()) <= QUIET_S:
            return
        before = now


def _answers(ready: bool) -> bool:
    try:
        with urllib.request.urlopen(HEALTH, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return not ready and error.code == 503
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
