"""`reef` against a real API server. No controller runs there: the tests write the statuses that one would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from controlled import controller
from played import Played, chart_service, location, promoted

from deadlines import scaled, until
from reef.controller.book import Book, KeptVersion
from reef.controller.known import read_known
from reef.kube import labels
from reef.kube.objects.names import deployment_name
from reef.kube.objects.versions import recorded
from reef.kube.writing import documents_text
from reef.peers.messages import ServedNow

pytestmark = pytest.mark.timeout(300)
PLANTED = "plant-4f1c9e"


def kept(version: str) -> KeptVersion:
    served = ServedNow(server_id=version)
    return KeptVersion(
        version=version, image="x", pinned="x", digest="", spec={}, served=served, recorded_at=0.0
    )


def write(folder: Path, *documents: dict[str, Any], name: str = "fleet.yaml") -> str:
    (folder / name).write_text(documents_text(documents))
    return name


def test_status_and_history(played: Played) -> None:
    played.apply(location("sales"), location("web", owner="team-b"), chart_service("sales"))
    played.say(
        "sales",
        history=(promoted("v1", minutes=2), promoted("v0", kept=False)),
        digest="sha256:1",
        image="x:1",
    )
    played.say("web", "refused", version=None, message="ImportError: no pandas")
    told = played.reef("status")
    (heading, sales, web, _, totals) = told.out.splitlines()
    assert heading.split() == [
        "LOCATION",
        "OWNER",
        "PLACEMENT",
        "VERSION",
        "PHASE",
        "READY",
        "WHERE",
        "AGE",
        "NOTE",
    ]
    assert "its Service is of the Helm release dagster: not cut over" in sales
    assert web.split()[4:6] == ["refused", "no"]
    assert web.endswith("ImportError: no pandas")
    assert totals == f"namespace {played.namespace}: 2 locations: 1 refused, 1 served"
    found = played.reef("status", "--json").json["locations"]
    assert [(each["name"], each["ready"], each["pack"]) for each in found] == [
        ("sales", True, "pack-a-1"),
        ("web", False, "pack-a-1"),
    ]
    full = played.reef("status", "sales").out
    assert ["digest", "sha256:1"] in [line.split() for line in full.splitlines()]
    assert "Ready=True  Served: It is served." in full
    entries = played.reef("history", "sales", "--json").json
    assert [(each["version"], each["kept"], each["served"]) for each in entries] == [
        ("v1", True, True),
        ("v0", False, False),
    ]
    assert played.reef("history").out.startswith("sales  ")
    assert "there is no CodeLocation 'slaes'" in played.reef("status", "slaes", code=2).err


def test_a_location_that_changed_is_unseen_until_the_controller_looks(played: Played) -> None:
    played.apply(location("sales"))
    assert played.reef("status", "--json").json["locations"][0]["phase"] == "unseen"
    played.say("sales")
    played.apply(location("sales", image="x:2"))
    assert played.reef("status", "--json").json["locations"][0]["phase"] == "unseen"


def test_diff_and_plan(played: Played) -> None:
    file = write(played.folder, location("sales"), location("web"))
    assert "2 added" in played.reef("diff", file, code=1).out
    played.apply(location("sales"), location("web"), location("old"))
    assert played.reef("diff", file).out.startswith(
        f"namespace {played.namespace}: 0 added, 0 changed, 2 the same"
    )
    changed = write(played.folder, location("sales", image="x:2"), location("web", owner="b"))
    told = played.reef("diff", changed, code=1).out.splitlines()
    assert told[:3] == [
        "sales changes, a new version",
        "  spec.image: registry.example/sales:1 → x:2",
        "web changes",
    ]
    found = played.reef("diff", ".", "--json", code=1).json
    assert [(each["name"], each["state"]) for each in found["locations"]] == [
        ("old", "only_there"),
        ("sales", "changed"),
        ("web", "changed"),
    ]
    plan = played.reef("plan", changed, "--json", code=2).json
    assert {each["name"]: each["new_version"] for each in plan["locations"]} == {"sales": True, "web": False}
    assert all(each["placement"] in ("packed", "on_demand") and each["why"] for each in plan["locations"])
    assert played.reef("plan", write(played.folder, location("old"))).out.endswith("2 only in the cluster\n")


def test_files_for_another_namespace_are_refused(played: Played) -> None:
    other = location("sales")
    other["metadata"]["namespace"] = "elsewhere"
    done = played.reef("diff", write(played.folder, other), code=2)
    assert "CodeLocation sales is for namespace elsewhere" in done.err


def test_deploy_waits_until_all_is_settled(played: Played) -> None:
    """The test plays the controller."""
    played.apply(location("sales"))
    played.say("sales")
    file = write(played.folder, location("sales", image="x:2"), location("web"), location("Bad"))
    assert played.reef("deploy", file, code=2).err.startswith("error: fleet.yaml")
    file = write(
        played.folder, location("sales", image="x:2"), location("web", replicas=2, placement="packed")
    )
    begun = played.begin("deploy", file, "--json")
    until(lambda: "x:2" in played.k("get", "codelocation", "sales", "-o", "yaml"), 60, "for the apply")
    played.say("sales", "under_way", reason="Probing", message="Version v2 is tried.")
    played.say("sales", "refused", reason="LoadError", message="ImportError: no pandas")
    done = begun.wait()
    assert done.code == 1
    assert "sales: under way: Version v2 is tried." in done.err
    assert done.json["refused"] == ["sales", "web"]
    assert done.json["results"]["sales"]["state"] == "refused"
    assert "only a standing location has more than one replica" in done.json["not_taken"]["web"]
    played.say("sales", version="v2")
    done = played.reef("deploy", write(played.folder, location("sales", image="x:2")))
    assert done.out.splitlines()[0] == "sales: served v2"


def test_a_rollback_holds_until_something_else_is_asked_for(played: Played) -> None:
    """The annotation is completed by the real controller, the status is played."""
    played.apply(location("sales"))
    played.say("sales", history=(promoted("v1", minutes=2), promoted("v0")))
    assert "is not kept any more" not in played.reef("rollback", "sales", "v9", code=2).err
    book = Book(name="sales", kept={"v0": kept("v0"), "v1": kept("v1")}, version="v1")

    def asked() -> str:
        notes = played.get("codelocation", "sales")["metadata"].get("annotations") or {}
        return str(notes.get(labels.ROLLBACK, ""))

    with controller(played, {"sales": book}, {}):
        begun = played.begin("rollback", "sales", "--json")
        until(lambda: asked().startswith(f"v0{labels.INSTEAD_OF}"), 60, "for the completed annotation")
        played.say("sales", "under_way", pinned="v0", message="Version v0 is being promoted.")
        played.say("sales", version="v0", pinned="v0")
        done = begun.wait()
        assert (done.code, done.json["state"], done.json["before"]) == (0, "promoted", "v1")
        played.apply(location("sales", image="x:2"))
        until(lambda: not asked(), 60, "for the end of the rollback")


def test_another_try(played: Played) -> None:
    played.apply(location("sales"))
    played.say("sales", "refused", message="ImagePullBackOff")
    begun = played.begin("reload", "sales")
    until(
        lambda: (
            labels.TRY_AGAIN in (played.get("codelocation", "sales")["metadata"].get("annotations") or {})
        ),
        60,
        "for the annotation",
    )
    played.say("sales", "under_way", message="It is tried.")
    played.say("sales", "served", version="v2")
    done = begun.wait()
    assert (done.code, done.out) == (0, "sales: served (It is served.)\n")


def own_pods(replicas: int) -> dict[str, Any]:
    """The Deployment of a location on demand, as far as an errand looks at it."""
    own = {labels.PART_OF: "reef", labels.COMPONENT: "location", labels.LOCATION: "sales"}
    inside = {"containers": [{"name": "sales", "image": "x:1"}]}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": own},
        "template": {"metadata": {"labels": own}, "spec": inside},
    }
    meta = {"name": deployment_name("sales"), "labels": own}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def test_wake_and_sleep_of_a_location_on_demand(played: Played) -> None:
    """No controller of Kubernetes' own runs here, so the test says that the pod is available."""
    played.apply(location("sales", image="x:1", placement="on_demand"), own_pods(0))
    there = deployment_name("sales")
    spec = read_known(played.get("codelocation", "sales")).location
    assert spec is not None
    one = msgspec.structs.replace(kept("v1"), spec=recorded(spec))
    book = Book(name="sales", kept={"v1": one}, version="v1")

    def replicas() -> int:
        return int(played.get("deployment", there)["spec"]["replicas"])

    with controller(played, {"sales": book}, {}):
        begun = played.begin("wake", "sales")
        until(lambda: replicas() == 1, 60, "for its pod to be asked for")
        assert begun.process.poll() is None
        played.patch_status("deployment", there, {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1})
        assert begun.wait().out == "sales: warm\n"
        told = played.reef("sleep", "sales", "--json")
        assert (told.json, replicas()) == ({"name": "sales", "state": "asleep", "note": None}, 0)
    notes = played.get("codelocation", "sales")["metadata"].get("annotations") or {}
    assert labels.ERRAND not in notes
    late = played.reef("wake", "sales", "--timeout", "0.5", code=1)
    assert "the controller has not done it within" in late.err
    assert "there is no CodeLocation 'sale'" in played.reef("wake", "sale", code=2).err


def test_options_of_a_host_are_refused(played: Played) -> None:
    done = played.reef("deploy", "--all", "--wave", "1", code=2)
    assert "takes no --all, --wave" in done.err
    assert "--state-dir" in played.reef("status", "--state-dir", "x", code=2).err


def test_exec_says_what_to_run_where_kubectl_is_not(played: Played) -> None:
    """The pod is made by the test: nothing runs in it."""
    own = {labels.PART_OF: "reef", labels.COMPONENT: "location", labels.LOCATION: "sales"}
    played.apply(
        location("sales"),
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "reef-sales-1", "labels": own},
            "spec": {"containers": [{"name": "sales", "image": "x"}]},
        },
    )
    from reef.kube.objects.location_status import Serving

    played.say("sales", serving=Serving(20_000, deployment="reef-sales"), placement="standing")
    line = [sys.executable, "-m", "reef.cli.main", "exec", "sales", "-n", played.namespace, "--", "ls", "-l"]
    environ = {**os.environ, "KUBECONFIG": str(played.server.kubeconfig), "PATH": str(played.folder)}
    done = subprocess.run(line, env=environ, capture_output=True, text=True, timeout=scaled(60))
    assert done.returncode == 2
    where = f"kubectl -n {played.namespace} exec -i reef-sales-1 -c sales -- ls -l"
    assert done.stderr == f"error: kubectl is not on PATH\nhint: where it is: {where}\n"


def test_a_bundle_has_no_value_that_was_planted(played: Played) -> None:
    """In variables, ConfigMaps, arguments, messages of events, annotations."""
    planted = {
        "env": [{"name": "TOKEN", "value": PLANTED}],
        "envDefaults": {"OTHER": f"{PLANTED}-2"},
        "container": {"args": ["--password", f"{PLANTED}-3"]},
        "container_context": {"k8s": {"env_vars": [f"KEY={PLANTED}-4"]}},
    }
    sales = location("sales", **planted)
    sales["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"x": PLANTED})
    }
    own = {labels.PART_OF: "reef", labels.COMPONENT: "location"}
    played.apply(
        sales,
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "reef-defaults-1", "labels": own},
            "data": {"OTHER": f"{PLANTED}-2", "pack.json": json.dumps({"env": {"A": PLANTED}})},
        },
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": PLANTED}},
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "e1"},
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": played.namespace},
            "message": f"cannot reach postgres://dagster:{PLANTED}-5@db/x with {PLANTED}",
        },
    )
    played.say("sales", "refused", message=f"it cannot use {PLANTED}-2, nor token={PLANTED}-6")
    done = played.reef("support-bundle", "-o", "bundle.tar.gz", "--json")
    assert done.json["missing"] == {}
    path = played.folder / "bundle.tar.gz"
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        texts = {each.name: archive.extractfile(each).read().decode() for each in archive}  # type: ignore[union-attr]
    assert [name for name, text in texts.items() if PLANTED in text] == []
    whole = "\n".join(texts.values())
    assert "postgres://(left out)@db/x" in whole
    assert all(name in whole for name in ("TOKEN", "OTHER", "KEY", "sales"))
    assert "kind: Secret" not in whole
    assert "kubernetes: v1." in texts["reef-support/versions.yaml"]
    assert "cannot be written" in played.reef("support-bundle", "-o", "bundle.tar.gz", code=2).err
