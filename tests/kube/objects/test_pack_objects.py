"""The pod of a pack, its configuration, and what makes another one of it."""

from __future__ import annotations

import json
from typing import Any

from located import DIGEST, NAMESPACE, REEF, container, plan, released

from reef.controller.settings import read_settings
from reef.kube import labels
from reef.kube.objects.names import container_names, volume_name
from reef.kube.objects.pack_config_map import pack_config, pack_config_map, quantity_bytes
from reef.kube.objects.reef_parts import pack_host
from reef.kube.objects.released import PackPlan
from reef.kube.objects.replica_set import pack_replica_set
from reef.kube.seen.reading import replica_set_seen
from reef.peers.pack_config import NEVER_S, from_json


def pod(*groups: list[Any], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = pack_replica_set(plan(*groups), REEF, **more)["spec"]["template"]["spec"]
    return found


def annotation(made: PackPlan, name: str = labels.MADE_FROM) -> str:
    found: str = pack_replica_set(made, REEF)["metadata"]["annotations"][name]
    return found


def test_a_location_has_what_its_own_pod_would_give_it() -> None:
    spec = pod([released(whole=True)])
    one = container(spec, "sales")
    assert one["image"] == "registry.example:5000/team/sales:1.4.0" + DIGEST
    assert one["imagePullPolicy"] == "IfNotPresent"  # the digest says what Always would ask for
    assert "command" not in one
    assert one["args"] == ["python3", "-I", "-S", "/reef/guest/agent.py", "--folder", "/reef/run/sales"]
    assert one["workingDir"] == "/srv"
    assert one["securityContext"] == {
        "runAsUser": 1000,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert one["resources"] == {
        "limits": {"memory": "1Gi", "cpu": "1"},
        "requests": {"memory": "8Mi", "cpu": "1m"},
    }
    env = {each["name"]: each for each in one["env"]}
    assert env["STAGE"] == {"name": "STAGE", "value": "prod"}
    assert env["DAGSTER_HOME"]["value"] == "/opt/home"
    assert env["DAGSTER_PG_PASSWORD"]["valueFrom"] == {"secretKeyRef": {"name": "pg", "key": "password"}}
    assert "DAGSTER_CURRENT_IMAGE" not in env  # that is not the same for all who may share the container
    (defaults, *others) = one["envFrom"]
    assert defaults["configMapRef"]["name"].startswith("reef-defaults-")
    assert others == [
        {"configMapRef": {"name": "common"}},
        {"secretRef": {"name": "sales-secrets", "optional": True}},
        {"secretRef": {"name": "celery", "optional": True}},
    ]


def test_the_pod_has_what_the_pack_has_in_common() -> None:
    spec = pod([released(whole=True)])
    assert spec["serviceAccountName"] == "sales"
    assert "automountServiceAccountToken" not in spec
    assert spec["securityContext"] == {"fsGroup": 2000}
    assert spec["nodeSelector"] == {"disktype": "ssd"}
    assert spec["imagePullSecrets"] == [{"name": "reef-registry"}, {"name": "registry-credentials"}]
    kept, *ours = spec["tolerations"]
    assert kept["key"] == "team"
    assert {each["key"]: each["tolerationSeconds"] for each in ours} == {
        "node.kubernetes.io/not-ready": 10,
        "node.kubernetes.io/unreachable": 10,
    }
    metadata = pack_replica_set(plan([released(whole=True)]), REEF)["spec"]["template"]["metadata"]
    assert metadata["labels"]["team"] == "sales"
    assert metadata["labels"][labels.PACK] == "pack-0a1b2c3d-1-1"
    assert metadata["annotations"] == {"prometheus.io/scrape": "true"}


def test_nobody_gets_a_token_unasked() -> None:
    spec = pod([released()])
    assert spec["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in spec


def test_tolerations_that_tolerate_everything_stay_alone() -> None:
    given = [{"operator": "Exists"}]
    assert pod([released(tolerations=given)])["tolerations"] == given


def test_a_missing_secret_keeps_nobody_else_from_starting() -> None:
    spec = pod([released(whole=True)], [released("finance")])
    volumes = {each["name"]: each for each in spec["volumes"]}
    assert volumes["sales-keys"]["secret"] == {"secretName": "sales-keys", "optional": True}
    (source,) = volumes["sales-both"]["projected"]["sources"]
    assert source["configMap"] == {"name": "settings", "optional": True}


def test_each_container_mounts_its_own_only() -> None:
    spec = pod([released(whole=True)], [released("finance")])
    mounts = {
        name: {each["name"]: each for each in container(spec, name)["volumeMounts"]}
        for name in ("sales", "finance", "reef")
    }
    assert set(mounts["finance"]) == {"reef-run", "reef-guest"}
    assert mounts["finance"]["reef-run"] == {
        "name": "reef-run",
        "mountPath": "/reef/run/finance",
        "subPath": "finance",
    }
    assert mounts["finance"]["reef-guest"]["readOnly"] is True
    assert set(mounts["sales"]) == {"reef-run", "reef-guest", "sales-keys", "sales-scratch", "sales-both"}
    assert "subPath" not in mounts["reef"]["reef-run"]
    names = [each["name"] for each in spec["volumes"]]
    assert len(names) == len(set(names))


def test_the_interpreter_that_a_location_names_starts_the_agent() -> None:
    one = container(pod([released(python="/opt/venv/bin/python")]), "sales")
    assert one["args"][0] == "/opt/venv/bin/python"


def test_measured_requests_take_the_place_of_others() -> None:
    spec = pod([released(resources={"requests": {"cpu": "500m"}})], sizes={"sales": {"memory": "96Mi"}})
    assert container(spec, "sales")["resources"]["requests"] == {"cpu": "500m", "memory": "96Mi"}


def test_the_host_is_told_of_each_location() -> None:
    found = pack_config(plan([released(whole=True, idle_timeout="never", memory_limit="300Mi")]), 7)
    (told,) = found.locations
    assert found.generation == 7
    assert (told.name, told.container, told.version) == ("sales", "sales", "v1")
    assert told.grpc_args == (
        *("-m", "sales.definitions", "-a", "defs", "-d", "/app", "--log-level", "debug"),
        *("--location-name", "sales"),
    )
    assert told.memory_limit_bytes == 300 << 20
    assert told.warm
    assert told.env["DAGSTER_CURRENT_IMAGE"].endswith(DIGEST)
    context = json.loads(told.env["DAGSTER_CONTAINER_CONTEXT"])
    assert context["k8s"]["namespace"] == NAMESPACE
    assert context["k8s"]["env_secrets"] == ["sales-secrets"]
    assert told.env["DAGSTER_CLI_API_GRPC_CONTAINER_CONTEXT"] == told.env["DAGSTER_CONTAINER_CONTEXT"]


def test_the_limit_of_a_container_is_that_of_each_location_in_it() -> None:
    limits = {"resources": {"limits": {"memory": "1Gi"}}, "image": "acme/all:1"}
    alone = pack_config(plan([released(**limits)]), 1).locations
    assert [each.memory_limit_bytes for each in alone] == [None]
    both = pack_config(plan([released(**limits), released("finance", **limits)]), 1).locations
    assert [each.memory_limit_bytes for each in both] == [1 << 30, 1 << 30]


def test_its_config_map_can_be_read_back() -> None:
    made = plan([released()], [released("finance", idle_timeout="never")])
    config_map = pack_config_map(made, 3)
    assert config_map["metadata"]["name"] == made.name == "pack-0a1b2c3d-1-1"
    read = from_json(config_map["data"]["pack.json"].encode())
    told = pack_config(made, 3)
    assert [each.name for each in read.locations] == [each.name for each in told.locations]
    assert read.locations[1] == told.locations[1]
    assert read.locations[0].idle_timeout_s == NEVER_S  # JSON has no infinity
    assert pack_config_map(made, 3) == config_map


def test_another_image_is_no_other_pod() -> None:
    before, after = plan([released()]), plan([released(image="acme/sales:2", version="v2")])
    assert annotation(before) == annotation(after)
    assert annotation(before, labels.CONTENTS) != annotation(after, labels.CONTENTS)


def test_neither_order_nor_number_makes_another_pod() -> None:
    sales, finance = [released(whole=True)], [released("finance", whole=True)]
    one = plan(sales, finance, number=1)
    assert annotation(one) == annotation(plan(finance, sales, number=4))
    assert annotation(one, labels.CONTENTS) == annotation(plan(finance, sales, number=4), labels.CONTENTS)


def test_measured_requests_make_no_other_pod() -> None:
    made = plan([released()])
    small, large = (pack_replica_set(made, REEF, {"sales": {"memory": each}}) for each in ("8Mi", "1Gi"))
    assert small["metadata"] == large["metadata"]


def test_what_makes_another_pod() -> None:
    before = annotation(plan([released()]))
    others: list[dict[str, Any]] = [
        {"env": [{"name": "A", "value": "b"}]},
        {"securityContext": {"runAsUser": 7}},
        {"nodeSelector": {"disktype": "ssd"}},
        {"volumes": [{"name": "v", "emptyDir": {}}], "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
        {"resources": {"limits": {"memory": "1Gi"}}},
        {"labels": {"team": "sales"}},
    ]
    for each in others:
        assert annotation(plan([released(**each)])) != before, each
    assert annotation(plan([released()], [released("finance")])) != before


def test_one_more_location_in_a_container_makes_no_other_pod() -> None:
    shared = {"image": "acme/all:1"}
    one, two = released("one", **shared), released("two", **shared)
    assert annotation(plan([one])) == annotation(plan([one, two]))
    assert annotation(plan([one]), labels.CONTENTS) != annotation(plan([one, two]), labels.CONTENTS)


def test_a_setting_of_the_server_alone_tells_the_host_and_changes_no_pod() -> None:
    before, after = plan([released()]), plan([released(code={"module": "sales.other"})])
    assert annotation(before) == annotation(after)
    assert annotation(before, labels.CONTENTS) != annotation(after, labels.CONTENTS)


def test_what_is_in_a_pack_can_be_read_from_its_replica_set() -> None:
    made = pack_replica_set(plan([released()], [released("finance")]), REEF)
    seen = replica_set_seen(made, ())
    assert (seen.pack, seen.number) == ("pack-0a1b2c3d-1", 1)
    assert {name: each.locations for name, each in seen.contents.items()} == {
        "finance": ("finance",),
        "sales": ("sales",),
    }
    assert seen.contents["sales"].image == "acme/sales:1" + DIGEST
    assert seen.container_of("finance") == "finance"
    made["metadata"]["annotations"][labels.CONTENTS] = "somebody else was here"
    assert replica_set_seen(made, ()).contents == {}


def test_containers_keep_their_names() -> None:
    assert container_names([("a", "b"), ("c",)], {}) == {("a", "b"): "a", ("c",): "c"}
    assert container_names([("a", "b")], {"b": "b"}) == {("a", "b"): "b"}
    parted = container_names([("a",), ("b",)], {"a": "a", "b": "a"})
    assert parted == {("a",): "a", ("b",): "b"}
    assert container_names([("a",), ("b",)], {"a": "b", "b": "b"}) == {("a",): "b", ("b",): "b-2"}
    assert container_names([("reef",)], {}) == {("reef",): "reef-2"}


def test_names_of_volumes_are_labels() -> None:
    long = volume_name("c" * 60, "v" * 60)
    assert len(long) <= 63
    assert long != volume_name("c" * 60, "v" * 59)


def test_quantities() -> None:
    found = [quantity_bytes(each) for each in ("512Mi", "1G", "1.5Gi", 7, "2e3", "nonsense", None)]
    assert found == [512 << 20, 10**9, 3 << 29, 7, 2000, None, None]


def test_logs_are_json_lines_where_those_of_the_controller_are() -> None:
    """Otherwise nothing is said, so that no pod is made anew for it."""
    environ = {"REEF_NAMESPACE": "d", "REEF_IMAGE": "reef:1", "REEF_STATE": "/reef/state"}
    plain, lines = (
        read_settings({**environ, **more}).reef_pods() for more in ({}, {"REEF_LOG_FORMAT": "json"})
    )
    assert {"name": "REEF_LOG_FORMAT", "value": "json"} in pack_host(lines)["env"]
    assert "REEF_LOG_FORMAT" not in str(pack_host(plain))
