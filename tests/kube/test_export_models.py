"""Either of the article's models from any fleet; that they run is `test_official_chart.py`'s."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from samples import MANY
from test_values_round_trip import imported

from reef.errors import ReefError
from reef.kube.helm.exporting import export_helm
from reef.kube.helm.monolith import export_monolith
from reef.kube.model import CodeLocation, Spec


def location(name: str, **spec: Any) -> CodeLocation:
    return CodeLocation(name, msgspec.convert({"image": "acme/all:1", **spec}, Spec))


def section(*locations: CodeLocation, **options: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    done = export_helm(locations, {}, **options)
    return done.values, [(each.kind, each.path) for each in done.findings]


SALES = {"code": {"module": "sales"}}


def test_a_pod_for_each(tmp_path: Path) -> None:
    values, findings = section(
        location("sales", **SALES), location("hr", code={"python_file": "hr.py"}, port=5)
    )
    assert findings == []
    assert values == {
        "dagster-user-deployments": {
            "enabled": True,
            "enableSubchart": True,
            "deployments": [
                {
                    "name": "sales",
                    "image": {"repository": "acme/all", "tag": "1", "pullPolicy": "IfNotPresent"},
                    "dagsterApiGrpcArgs": ["-m", "sales"],
                    "port": 4000,
                },
                {
                    "name": "hr",
                    "image": {"repository": "acme/all", "tag": "1", "pullPolicy": "IfNotPresent"},
                    "dagsterApiGrpcArgs": ["-f", "hr.py"],
                    "port": 5,
                },
            ],
        }
    }


def test_names_that_are_no_labels_are_named_in_the_workspace() -> None:
    """The history of schedules and sensors hangs on them."""
    far = CodeLocation("far", msgspec.convert({"server": {"host": "h", "port": 1, "ssl": True}}, Spec))
    values, findings = section(location("sales", location_name="Sales & more", **SALES), far)
    assert findings == []
    assert values["dagsterWebserver"]["workspace"] == {
        "enabled": True,
        "servers": [
            {"host": "sales", "port": 4000, "name": "Sales & more"},
            {"host": "h", "port": 1, "name": "far", "ssl": True},
        ],
    }
    assert [each["name"] for each in values["dagster-user-deployments"]["deployments"]] == ["sales"]
    alone, findings = section(location("sales", location_name="Sales", **SALES), far, key="")
    assert "dagsterWebserver" not in alone
    assert findings == [("lost", "sales.spec.location_name"), ("lost", "far.spec.location_name")]


UNSAID = [
    ({"owner": "data"}, "owner"),
    ({"placement": "packed"}, "placement"),
    ({"memory_limit": "1Gi"}, "memory_limit"),
    ({"runResources": {"limits": {"memory": "8Gi"}}}, "runResources"),
    ({"pod": {"priorityClassName": "high"}}, "pod"),
    ({"container_context": {"k8s": {}}}, "container_context"),
]


@pytest.mark.parametrize(("spec", "field"), UNSAID)
def test_what_the_chart_cannot_say_is_listed(spec: dict[str, Any], field: str) -> None:
    _, findings = section(location("sales", **SALES, **spec))
    assert findings == [("lost", f"sales.spec.{field}")]


def test_what_changes_its_order_is_listed() -> None:
    sources = [
        {"secretRef": {"name": "s"}},
        {"configMapRef": {"name": "c"}},
        {"prefix": "P", "secretRef": {"name": "t"}},
    ]
    _, findings = section(location("sales", **SALES, envFrom=sources))
    assert findings == [("changed", "sales.spec.envFrom"), ("lost", "sales.spec.envFrom")]
    both = {"env": [{"name": "A", "value": "1"}], "envDefaults": {"A": "0", "B": "2"}}
    values, findings = section(location("sales", **SALES, **both))
    assert values["dagster-user-deployments"]["deployments"][0]["env"] == [
        {"name": "B", "value": "2"},
        {"name": "A", "value": "1"},
    ]
    assert findings == []
    _, findings = section(location("sales", **SALES, **both, envFrom=sources[:1]))
    assert findings == [("changed", "sales.spec.envDefaults")]


def test_what_the_chart_has_for_all_together() -> None:
    values, findings = section(
        location(
            "a", **SALES, serviceAccountName="x", imagePullSecrets=[{"name": "r"}], instance={"home": "/a"}
        ),
        location("b", **SALES, serviceAccountName="x"),
        location("c", **SALES, serviceAccountName="y", instance={"home": "/c"}),
    )
    own = values["dagster-user-deployments"]
    assert own["serviceAccount"] == {"create": False, "name": "x"}
    assert own["deployments"][2]["serviceAccount"] == {"create": False, "name": "y"}
    assert own["imagePullSecrets"] == [{"name": "r"}]
    assert values["global"] == {"dagsterHome": "/a"}
    assert findings == [
        ("changed", "imagePullSecrets"),
        ("changed", "c.spec.serviceAccountName"),
        ("changed", "instance"),
    ]


def test_one_image_that_loads_all() -> None:
    far = CodeLocation("far", msgspec.convert({"server": {"host": "h", "port": 1}}, Spec))
    env = [
        {"name": "A", "value": "1"},
        {"name": "T", "valueFrom": {"secretKeyRef": {"name": "t", "key": "t"}}},
    ]
    done = export_monolith(
        [
            location(
                "sales", location_name="Sales", **SALES, env=env, envFrom=[{"secretRef": {"name": "s"}}]
            ),
            location("hr", code={"python_file": "hr/defs.py", "attribute": "defs"}, envDefaults={"A": "2"}),
            far,
        ],
        None,
        "/app",
    )
    values = done.values
    image = {"repository": "acme/all", "tag": "1", "pullPolicy": "IfNotPresent"}
    assert values["dagsterWebserver"]["image"] == values["dagsterDaemon"]["image"] == image
    assert values["dagsterWebserver"]["env"] == env
    launcher = values["runLauncher"]["config"]["k8sRunLauncher"]
    assert launcher["image"] == image
    assert launcher["envVars"] == ["A=1", "T"]
    assert launcher["envSecrets"] == [{"name": "s"}]
    (configmap,) = values["extraManifests"]
    assert values["dagsterWebserver"]["workspace"]["externalConfigmap"] == configmap["metadata"]["name"]
    assert yaml.safe_load(configmap["data"]["workspace.yaml"]) == {
        "load_from": [
            {"python_module": {"module_name": "sales", "location_name": "Sales"}},
            {
                "python_file": {
                    "relative_path": "/app/hr/defs.py",
                    "attribute": "defs",
                    "working_directory": "/app",
                    "location_name": "hr",
                }
            },
            {"grpc_server": {"host": "h", "port": 1, "location_name": "far"}},
        ]
    }
    assert [(each.kind, each.path) for each in done.findings] == [("lost", "hr.spec.env")]


def test_many_images_are_no_monolith(tmp_path: Path) -> None:
    locations = imported(MANY, tmp_path).locations
    with pytest.raises(ReefError, match="a monolith is one image, and the locations have 4"):
        export_monolith(locations, None, None)
    with pytest.raises(ReefError, match="risk: its image starts the server"):
        export_monolith(locations, "acme/all:1", None)
    with pytest.raises(ReefError, match="is relative to the working directory"):
        export_monolith([location("a", code={"python_file": "a.py"})], None, None)
    with pytest.raises(ReefError, match="does not say what to load"):
        export_monolith([location("a", serverArgs=["--empty-working-directory"])], None, None)
