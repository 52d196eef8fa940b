"""Right-sizing of plain pods of the official chart, from a real Prometheus."""

from __future__ import annotations

import base64
import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import real_prometheus
import yaml
from click.testing import CliRunner
from real_prometheus import MIB, Pod, make_data, openmetrics
from reefs import free_port

from reef.cli.usage import command
from reef.errors import ReefError
from reef.usage.prometheus import HEADERS, TOKEN, Prometheus
from reef.usage.prometheus import prometheus as configured
from reef.usage.queries import Pods, location_of, workloads

pytestmark = pytest.mark.skipif(bool(real_prometheus.missing()), reason=str(real_prometheus.missing()))
DAYS = 9
RELEASE = "prod-dagster-user-deployments"
PODS = [
    Pod(f"{RELEASE}-sales-6b4f9d8c7d-x2x4z", 200, 0.02, spike=900, spikes=(3,)),
    Pod(f"{RELEASE}-marketing-5c8d7f9b6c-abcde", 300, 0.05, cores=0.06, request=336),
    Pod(f"{RELEASE}-tight-5c8d7f9b6c-fghij", 200, 0.01, request=256, oom_killed=True),
    Pod(f"{RELEASE}-young-5c8d7f9b6c-klmno", 100, 0.01, first_day=7),
    Pod(f"{RELEASE}-moved-5c8d7f9b6c-pqrst", 150, 0.01),
    Pod(f"{RELEASE}-moved-7f8d7f9b6c-uvwxy", 170, 0.01, first_day=6),
    Pod(f"{RELEASE}-sales-6b4f9d8c7d-other", 100, 0.02, namespace="staging"),
]
VALUES = """\
dagster-user-deployments:
  deployments:
    - name: sales   # asked for by anna
      image: {repository: r/sales, tag: "1"}
      dagsterApiGrpcArgs: ["-m", "sales"]
      port: 3030
      resources:
        requests: {memory: 4Gi, cpu: 1}
        limits: {memory: 4Gi}
    - name: marketing
      image: {repository: r/marketing, tag: "1"}
      dagsterApiGrpcArgs: ["-m", "marketing"]
      port: 3030
      resources:
        requests: {memory: 336Mi, cpu: 60m}
        limits: {memory: 448Mi}
"""
# Of the user `reef` with the password `secret-token`.
USERS = "basic_auth_users: {reef: $2b$04$abcdefghijklmnopqrstuuy7NkmvIztMtfWtMvF7BzeQV0WL6B66e}\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prometheus")
    return make_data(folder, openmetrics(PODS, DAYS, time.time()))


@pytest.fixture(scope="module")
def url(data: Path) -> Iterator[str]:
    with real_prometheus.prometheus(data.parent, data) as address:
        yield address


def usage(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(command, words)
    if isinstance(done.exception, ReefError):
        return 2, done.stdout, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_pods_of_the_chart_get_proposals(url: str) -> None:
    _, said, _ = usage("--prometheus", url, "--namespace", "dagster", "--since", f"{DAYS}d", "--json")
    rows = {each["location"]: each for each in json.loads(said)["locations"]}
    assert set(rows) == {"sales", "marketing", "tight", "young", "moved"}
    sales = rows["sales"]
    assert sales["used"]["whole_bytes"]["peak"] == 900 * MIB
    assert sales["used"]["whole_bytes"]["p50"] == 200 * MIB
    assert sales["used"]["cpu_cores"]["p95"] == pytest.approx(0.02, rel=0.05)
    assert sales["set"]["memory_request_bytes"] == 4096 * MIB
    assert sales["set"]["cpu_request_cores"] == 1
    pod = sales["pod_proposal"]
    assert pod["memory_request_bytes"]["value"] == 224 * MIB
    assert 1.25 * 900 * MIB <= pod["memory_limit_bytes"]["value"] < 4096 * MIB
    assert pod["cpu_request_cores"]["value"] in (0.025, 0.03)
    assert pod["placement"]["value"] is None
    assert "kill" in rows["tight"]["pod_proposal"]["memory_limit_bytes"]["why"]
    assert rows["tight"]["pod_proposal"]["memory_limit_bytes"]["value"] == 384 * MIB
    assert rows["young"]["pod_proposal"]["memory_limit_bytes"]["value"] is None
    assert "of 7 weekdays" in rows["young"]["pod_proposal"]["memory_limit_bytes"]["why"]
    assert rows["moved"]["used"]["whole_bytes"]["peak"] == 170 * MIB
    assert rows["moved"]["window"]["days"] >= DAYS


def test_the_patch_is_one_of_the_charts_values(url: str, tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    path.write_text(VALUES)
    status, said, _ = usage("--prometheus", url, "-n", "dagster", "--patch", str(path))
    assert status == 0
    assert path.read_text() == VALUES
    assert "+        requests: {memory: 224Mi, cpu: " in said
    assert "marketing" not in [line for line in said.splitlines() if line[:1] in "+-"]
    usage("--prometheus", url, "-n", "dagster", "--patch", str(path), "--apply")
    sales, marketing = yaml.safe_load(path.read_text())["dagster-user-deployments"]["deployments"]
    assert sales["resources"]["requests"]["memory"] == "224Mi"
    assert marketing["resources"]["requests"] == {"memory": "336Mi", "cpu": "60m"}
    assert "# asked for by anna" in path.read_text()


def test_for_people_there_is_a_table_and_what_all_request(url: str) -> None:
    _, said, _ = usage("--prometheus", url, "-n", "dagster")
    assert "sales" in said
    assert "requested: " in said
    _, said, _ = usage("--prometheus", url, "-n", "dagster", "sales")
    assert "on an ordinary day it has 200 MiB" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-n", "nowhere"], "has no figures of cAdvisor there"),
        (
            ["-n", "dagster", "--selector", 'container="other"'],
            "containers that it knows there: dagster-user",
        ),
        (["-n", "dagster", "--selector", "nonsense"], "is no matcher of PromQL"),
        (["-n", "dagster", "--selector", 'pod="a"} or {x="y"'], "is no matcher of PromQL"),
        (["-n", "dagster", "--selector", 'pod=~"("'], "the query: "),
        (["--patch", "helm-values"], "the pods are in several namespaces: dagster, staging"),
        (["-n", "dagster", "nobody"], "nothing is known of a code location"),
    ],
)
def test_what_finds_nothing_says_which_query(url: str, words: list[str], says: str) -> None:
    status, _, error = usage("--prometheus", url, *words)
    assert status == 2
    assert says in error
    if "cAdvisor" in says or "containers" in says:
        assert "nothing for this query: max by (namespace, pod, container)" in error


def test_without_a_namespace_names_say_which(url: str) -> None:
    _, said, _ = usage("--prometheus", url, "--json")
    names = [each["location"] for each in json.loads(said)["locations"]]
    assert "dagster/sales" in names
    assert "staging/sales" in names


def test_matchers_choose_pods(url: str) -> None:
    pods = Pods("dagster", 'pod=~".*-(sales|young)-.*", pod!=""')
    now = time.time()
    found = workloads(Prometheus(url), pods, now - DAYS * 86_400, now)
    assert [each.name for each in found] == [f"{RELEASE}-sales", f"{RELEASE}-young"]


def test_a_password_is_asked_for_and_never_shown(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with real_prometheus.prometheus(tmp_path, tmp_path / "empty", USERS) as address:
        status, _, error = usage("--prometheus", address)
        assert status == 2
        assert "answers 401 Unauthorized" in error
        assert TOKEN in error
        monkeypatch.setenv(TOKEN, "a-wrong-token")
        status, _, error = usage("--prometheus", address)
        assert "answers 401" in error
        assert "a-wrong-token" not in error
        monkeypatch.delenv(TOKEN)
        basic = base64.b64encode(b"reef:secret-token").decode()
        monkeypatch.setenv(HEADERS, f"Authorization: Basic {basic}\n")
        status, _, error = usage("--prometheus", address)
        assert "has nothing for this query" in error


def test_nobody_listens() -> None:
    status, _, error = usage("--prometheus", f"http://127.0.0.1:{free_port()}")
    assert status == 2
    assert "no Prometheus can be reached at http://127.0.0.1" in error
    assert "Connection refused" in error


class Answers(http.server.BaseHTTPRequestHandler):
    """Stands for something that is no Prometheus, or one behind a proxy that sends elsewhere."""

    status, body, location = 200, b"<html>", ""

    def do_POST(self) -> None:
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", self.location)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_args: object) -> None: ...


@pytest.mark.parametrize(
    ("status", "body", "location", "says"),
    [
        (200, b"<html>", "", "does not answer as a Prometheus does"),
        (200, b'{"status": "error", "error": "x"}', "", "does not answer as a Prometheus does"),
        (
            200,
            b'{"status": "success", "data": {"resultType": "scalar"}}',
            "",
            "does not answer as a Prometheus",
        ),
        (302, b"", "http://127.0.0.1:9/elsewhere", "it points to http://127.0.0.1:9/elsewhere"),
        (404, b"", "", "is it the address of a Prometheus, with its path?"),
        (500, b"", "", "answers 500"),
    ],
)
def test_what_is_no_prometheus_is_said(status: int, body: bytes, location: str, says: str) -> None:
    handler = type("Handler", (Answers,), {"status": status, "body": body, "location": location})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            code, _, error = usage("--prometheus", f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()
    assert code == 2
    assert says in error


@pytest.mark.parametrize(
    ("url", "environ", "says"),
    [
        ("localhost:9090", {}, "must be an address such as http://localhost:9090"),
        ("file:///etc/passwd", {}, "must be an address such as"),
        ("http://me:pass@host:9090", {}, "holds a password"),
        ("http://host", {HEADERS: "no colon"}, "line 1 of REEF_PROMETHEUS_HEADERS"),
        ("http://host", {TOKEN: "a\nb"}, "has characters that no header can have"),
    ],
)
def test_a_wrong_address_or_header_is_said(url: str, environ: dict[str, str], says: str) -> None:
    with pytest.raises(ReefError, match=says) as raised:
        configured(url, environ)
    assert "pass" not in str(raised.value).replace("password", "").replace("passwd", "")


def test_locations_are_found_in_names_of_deployments() -> None:
    assert location_of("prod-dagster-user-deployments-sales") == "sales"
    assert location_of("anything") == "anything"
    assert location_of("r-dagster-user-deployments-eu-sales", {"sales": 1, "eu-sales": 2}) == "eu-sales"
