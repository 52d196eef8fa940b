"""A deployment of Dagster, as the official chart makes one: PostgreSQL, webserver, daemon, runs as Jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from lab import images
from lab.postgres_image import PASSWORD

HOME = "/opt/dagster/dagster_home"
INSTANCE = "dagster-instance"
OF_POSTGRES = 3  # of the objects, the first ones
SECRET = "dagster-postgresql-secret"  # noqa: S105  (a name)
KEY = "postgresql-password"
POSTGRES = "dagster-postgresql"
WEBSERVER = "dagster-dagster-webserver"
WORKSPACE = "reef-workspace"
_SAFE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_POD_SAFE = {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001}
_YAML = """
storage:
  postgres:
    postgres_db:
      hostname: {postgres}
      username: postgres
      password: {{env: DAGSTER_PG_PASSWORD}}
      db_name: postgres
      scheme: postgresql+psycopg2
      port: 5432
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
run_launcher:
  module: dagster_k8s
  class: K8sRunLauncher
  config:
    load_incluster_config: true
    job_namespace: {namespace}
    service_account_name: dagster
    dagster_home: {home}
    instance_config_map: {instance}
    postgres_password_secret: {secret}
    image_pull_policy: IfNotPresent
    run_k8s_config:
      pod_spec_config:
        security_context: {{run_as_user: 10001, run_as_non_root: true}}
      container_config:
        security_context:
          allow_privilege_escalation: false
          run_as_non_root: true
          capabilities: {{drop: [ALL]}}
          seccomp_profile: {{type: RuntimeDefault}}
local_artifact_storage:
  module: dagster.core.storage.root
  class: LocalArtifactStorage
  config: {{base_dir: /tmp/dagster}}
compute_logs:
  module: dagster.core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
telemetry: {{enabled: false}}
"""


def dagster(namespace: str, workspace: str = WORKSPACE) -> list[dict[str, Any]]:
    """All objects. `workspace` is the ConfigMap that webserver and daemon read."""
    instance = _YAML.format(
        postgres=POSTGRES, namespace=namespace, home=HOME, instance=INSTANCE, secret=SECRET
    )
    command = ["dagster-webserver", "-h", "0.0.0.0", "-p", "8080", "-w", "/workspace/workspace.yaml"]  # noqa: S104
    web = _deployment(namespace, WEBSERVER, command, workspace)
    web["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = {
        "httpGet": {"path": "/server_info", "port": 8080},
        "periodSeconds": 2,
        "timeoutSeconds": 5,
    }
    return [
        *_postgres(namespace),
        _map(namespace, INSTANCE, {"dagster.yaml": instance}),
        *_account(namespace),
        web,
        _service(namespace, WEBSERVER, 80, 8080),
        _deployment(
            namespace,
            "dagster-daemon",
            ["dagster-daemon", "run", "-w", "/workspace/workspace.yaml"],
            workspace,
        ),
    ]


def workspace(namespace: str, name: str, locations: Iterable[str], port: int = 4000) -> dict[str, Any]:
    """The ConfigMap that the official chart makes of its user deployments: a server for each, at its Service."""
    servers = [{"grpc_server": {"host": each, "port": port, "location_name": each}} for each in locations]
    return _map(namespace, name, {"workspace.yaml": yaml.safe_dump({"load_from": servers})})


def _named(namespace: str, name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, **more}


def _map(namespace: str, name: str, data: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _named(namespace, name), "data": data}


def _service(namespace: str, name: str, port: int, target: int) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": port, "targetPort": target}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _named(namespace, name), "spec": spec}


def _postgres(namespace: str) -> list[dict[str, Any]]:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": _named(namespace, SECRET)}
    container = {
        "name": "postgres",
        "image": images.POSTGRES,
        "imagePullPolicy": "IfNotPresent",
        "args": ["-c", "max_connections=200"],
        "ports": [{"containerPort": 5432}],
        "readinessProbe": {"exec": {"command": ["pg_isready", "-h", "127.0.0.1"]}, "periodSeconds": 1},
        "securityContext": _SAFE,
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}],
    }
    pod = {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10003, "fsGroup": 10003},
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "containers": [container],
        "volumes": [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
    }
    return [
        {**secret, "stringData": {KEY: PASSWORD}},
        _made(namespace, POSTGRES, pod),
        _service(namespace, POSTGRES, 5432, 5432),
    ]


def _made(namespace: str, name: str, pod: dict[str, Any]) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _named(namespace, name, labels=labels),
        "spec": {
            "selector": {"matchLabels": labels},
            "strategy": {"type": "Recreate"},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _deployment(namespace: str, name: str, command: list[str], workspace: str) -> dict[str, Any]:
    password = {"secretKeyRef": {"name": SECRET, "key": KEY}}
    container = {
        "name": "main",
        "image": images.SERVER,
        "imagePullPolicy": "IfNotPresent",
        "args": command,
        "env": [
            {"name": "DAGSTER_HOME", "value": HOME},
            {"name": "DAGSTER_PG_PASSWORD", "valueFrom": password},
        ],
        "securityContext": _SAFE,
        "volumeMounts": [
            {"name": "home", "mountPath": HOME},
            {"name": "instance", "mountPath": f"{HOME}/dagster.yaml", "subPath": "dagster.yaml"},
            {"name": "workspace", "mountPath": "/workspace"},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
    pod = {
        "serviceAccountName": "dagster",
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        "securityContext": _POD_SAFE,
        "containers": [container],
        "volumes": [
            {"name": "home", "emptyDir": {}},
            {"name": "instance", "configMap": {"name": INSTANCE}},
            {"name": "workspace", "configMap": {"name": workspace}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
    return _made(namespace, name, pod)


def _account(namespace: str) -> list[dict[str, Any]]:
    """What the launcher needs: Jobs and their pods."""
    group = "rbac.authorization.k8s.io"
    every = ["get", "list", "watch", "create", "patch", "update", "delete"]
    rules = [
        {"apiGroups": ["batch"], "resources": ["jobs", "jobs/status"], "verbs": every},
        {"apiGroups": [""], "resources": ["pods", "pods/log", "pods/status", "events"], "verbs": every},
    ]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _named(namespace, "dagster")},
        {
            "apiVersion": f"{group}/v1",
            "kind": "Role",
            "metadata": _named(namespace, "dagster"),
            "rules": rules,
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": _named(namespace, "dagster"),
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "dagster"},
            "subjects": [{"kind": "ServiceAccount", **_named(namespace, "dagster")}],
        },
    ]
