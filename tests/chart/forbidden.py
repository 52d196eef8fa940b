"""What Reef's accounts must not be allowed."""

from __future__ import annotations

from dataclasses import dataclass

from reef.kube.group import GROUP


@dataclass(frozen=True)
class Question:
    """`namespace` None is that of the release, "" all of them."""

    verb: str
    resource: str
    group: str = ""
    name: str = ""
    namespace: str | None = None


FORBIDDEN_TO_ALL = [
    Question("create", "pods/exec"),
    Question("create", "pods/portforward"),
    Question("create", "pods/ephemeralcontainers"),
    Question("create", "serviceaccounts/token", name="default"),
    Question("get", "nodes", namespace=""),
    Question("list", "nodes", namespace=""),
    Question("list", "namespaces", namespace=""),
    Question("patch", "customresourcedefinitions", "apiextensions.k8s.io", namespace=""),
    Question("create", "roles", "rbac.authorization.k8s.io"),
    Question("bind", "roles", "rbac.authorization.k8s.io"),
    Question("escalate", "roles", "rbac.authorization.k8s.io"),
    Question("create", "rolebindings", "rbac.authorization.k8s.io"),
    Question("impersonate", "serviceaccounts"),
    Question("create", "jobs", "batch"),
    Question("delete", "codelocations", GROUP),
    Question("create", "codelocations", GROUP),
    Question("list", "pods", namespace="kube-system"),
    Question("list", "pods", namespace=""),
    Question("list", "codelocations", GROUP, namespace="default"),
    Question("list", "codelocations", GROUP, namespace=""),
    Question("patch", "deployments/scale", "apps", namespace="default"),
    Question("delete", "persistentvolumeclaims"),
]
FORBIDDEN = {
    "controller": [
        *FORBIDDEN_TO_ALL,
        Question("get", "pods/log"),
        Question("list", "secrets", namespace="kube-system"),
        Question("list", "secrets", namespace=""),
        Question("get", "secrets", namespace="default", name="reef-ca"),
        Question("patch", "secrets", name="dagster-postgresql-secret"),
        Question("update", "secrets", name="dagster-postgresql-secret"),
        Question("update", "secrets", name="reef-ca"),
        Question("patch", "secrets"),
        Question("delete", "secrets", name="reef-ca"),
        Question("delete", "secrets"),
        Question("deletecollection", "pods"),
        Question("update", "leases", "coordination.k8s.io", name="somebody-elses"),
        Question("delete", "leases", "coordination.k8s.io", name="reef-controller"),
        Question("delete", "events"),
        Question("list", "events", namespace="default"),
        Question("watch", "events"),
        Question("update", "serviceaccounts"),
    ],
    "page": [
        *FORBIDDEN_TO_ALL,
        *(
            Question(verb, "secrets")
            for verb in ("get", "list", "watch", "create", "update", "patch", "delete")
        ),
        *(Question(verb, "configmaps") for verb in ("get", "list", "watch", "create", "patch", "delete")),
        *(Question(verb, "pods") for verb in ("create", "patch", "update", "delete", "deletecollection")),
        *(Question(verb, "services") for verb in ("list", "create", "patch", "delete")),
        *(Question(verb, "deployments", "apps") for verb in ("create", "patch", "update", "delete")),
        *(Question(verb, "replicasets", "apps") for verb in ("create", "patch", "update", "delete")),
        *(Question(verb, "codelocations", GROUP) for verb in ("patch", "update")),
        Question("patch", "codelocations/status", GROUP),
        Question("patch", "deployments/scale", "apps"),
        Question("get", "pods/log", namespace="kube-system"),
        Question("list", "pods", "metrics.k8s.io", namespace=""),
        Question("get", "leases", "coordination.k8s.io", name="reef-controller"),
        Question("create", "leases", "coordination.k8s.io"),
        Question("create", "events"),
        Question("list", "events"),
    ],
    "gateway": [
        *FORBIDDEN_TO_ALL,
        Question("get", "pods/log"),
        *(Question(verb, "secrets", name="reef-gateway-tls") for verb in ("get", "patch", "delete")),
        *(Question(verb, "secrets") for verb in ("list", "watch", "create", "update")),
        *(Question(verb, "configmaps") for verb in ("get", "list", "watch", "create", "patch", "delete")),
        *(Question(verb, "pods") for verb in ("create", "patch", "update", "delete", "deletecollection")),
        *(Question(verb, "services") for verb in ("list", "create", "patch", "delete")),
        *(
            Question(verb, "deployments", "apps")
            for verb in ("get", "list", "create", "patch", "update", "delete")
        ),
        *(Question(verb, "replicasets", "apps") for verb in ("list", "create", "patch", "delete")),
        *(Question(verb, "codelocations", GROUP) for verb in ("patch", "update")),
        Question("patch", "codelocations/status", GROUP),
        Question("patch", "replicasets/scale", "apps"),
        Question("patch", "statefulsets/scale", "apps"),
        Question("get", "leases", "coordination.k8s.io", name="reef-controller"),
        Question("create", "leases", "coordination.k8s.io"),
        Question("create", "events"),
    ],
}
