"""What runs get from a location; that it is the chart's is in `test_official_chart.py`."""

from __future__ import annotations

from typing import Any

import msgspec

from reef.kube.context import container_context
from reef.kube.model import CodeLocation, Spec


def context(**spec: Any) -> Any:
    location = CodeLocation("sales", msgspec.convert({"image": "a:1", "code": {"module": "m"}, **spec}, Spec))
    return container_context(location, "data", "sales-defaults" if "envDefaults" in spec else None)


POD = {"run_k8s_config": {"pod_spec_config": {"automount_service_account_token": True}}}


def test_runs_have_what_the_server_has() -> None:
    found = context(
        envDefaults={"A": "b"},
        envFrom=[{"secretRef": {"name": "s", "optional": True}}, {"configMapRef": {"name": "c"}}],
        env=[{"name": "E", "value": "f"}],
        resources={"limits": {"memory": "1Gi"}},
        labels={"team": "sales"},
    )
    assert found == {
        "k8s": {
            "env_config_maps": ["sales-defaults", "c"],
            "env_secrets": ["s"],
            "env": [{"name": "E", "value": "f"}],
            "resources": {"limits": {"memory": "1Gi"}},
            "labels": {"team": "sales"},
            "namespace": "data",
            **POD,
        }
    }


def test_runs_may_have_resources_of_their_own() -> None:
    """One of the oldest complaints: what a server asks for is not what a run needs."""
    server, run = {"limits": {"memory": "1Gi"}}, {"limits": {"memory": "8Gi"}}
    assert context(resources=server, runResources=run)["k8s"]["resources"] == run
    off = {"enabled": False}
    assert context(resources=server, runResources=run, includeConfigInLaunchedRuns=off) == {
        "k8s": {"resources": run}
    }


def test_nothing_is_included_where_it_is_switched_off() -> None:
    off = {"enabled": False}
    assert context(labels={"a": "b"}, includeConfigInLaunchedRuns=off) is None
    own = {"k8s": {"env_vars": ["A=b"]}, "docker": {}}
    assert context(labels={"a": "b"}, includeConfigInLaunchedRuns=off, container_context=own) == own


def test_what_a_location_says_itself_wins() -> None:
    own: dict[str, Any] = {"k8s": {"labels": {"c": "d"}, "ttl_seconds_after_finished": 60}, "ecs": {"a": 1}}
    found = context(labels={"a": "b"}, container_context=own)
    assert found == {
        "k8s": {"labels": {"c": "d"}, "ttl_seconds_after_finished": 60, "namespace": "data", **POD},
        "ecs": {"a": 1},
    }
    assert context(labels={"a": "b"}, container_context=own) == found
