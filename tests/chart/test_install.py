"""The chart in a real API server: what it installs is taken, its pods are *restricted*, its accounts may what they need
and nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from calls_of_reef import Asked, asked_by
from forbidden import FORBIDDEN, Question
from helming import CHART, called, named, pods_of, rendered

from lab.apiserver import ApiServer
from lab.kubectl import KubectlError
from reef.kube import labels
from reef.kube.group import GROUP

ROOMS = {"controller": "controller", "gateway": "gateways", "page": "viewing"}  # account -> its code

# What the roles have beside what the code asks for by itself, and why.
MORE: dict[str, dict[Asked, str]] = {
    "controller": {
        ("delete", "", "services"): "OpenShift asks for it of who puts an owner on a Service that is there",
        ("patch", GROUP, "codelocations"): "the annotation of a rollback is completed",
    },
    "gateway": {},
    "page": {("get", "", "pods/log"): "what containers print, by `cluster.logs`"},
}


@dataclass(frozen=True)
class Installed:
    server: ApiServer
    namespace: str
    notes: str

    def account(self, name: str) -> str:
        return f"system:serviceaccount:{self.namespace}:reef-{name}"

    def allowed(self, name: str, questions: Sequence[Question]) -> list[bool]:
        """What the API server's authorizer says of each, as `kubectl auth can-i --as` would ask it."""
        reviews = [self._review(name, each) for each in questions]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": reviews})
        form = r'jsonpath={.status.allowed}{"\n"}'
        answers = self.server.kubectl("create", "-f", "-", "-o", form, stdin=text).split()
        assert len(answers) == len(questions)
        assert set(answers) <= {"true", "false"}
        return [each == "true" for each in answers]

    def _review(self, name: str, question: Question) -> dict[str, Any]:
        resource, _, part = question.resource.partition("/")
        attributes = {"verb": question.verb, "group": question.group, "resource": resource}
        attributes |= {"subresource": part, "name": question.name}
        if question.namespace != "":
            attributes["namespace"] = question.namespace or self.namespace
        groups = [
            "system:serviceaccounts",
            f"system:serviceaccounts:{self.namespace}",
            "system:authenticated",
        ]
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": self.account(name), "groups": groups, "resourceAttributes": attributes},
        }


@pytest.fixture(scope="module")
def installed(api_server: ApiServer, helm: Path) -> Iterator[Installed]:
    namespace = "reef-installed"
    api_server.kubectl.make_namespace(namespace)
    where = ("-n", namespace, "--kubeconfig", str(api_server.kubeconfig))
    values = {"crds": {"install": "customresourcedefinition" not in _crd(api_server)}}
    done = called(helm, "upgrade", "--install", "reef", str(CHART), *where, values=values)
    assert done.returncode == 0, done.stderr
    yield Installed(api_server, namespace, done.stdout)
    gone = called(helm, "uninstall", "reef", *where)
    assert gone.returncode == 0, gone.stderr


def _crd(server: ApiServer) -> str:
    name = f"crd/codelocations.{GROUP}"
    return server.kubectl("get", name, "--ignore-not-found", "-o", "name")


def test_notes_say_what_to_do_next(installed: Installed) -> None:
    assert f"kubectl -n {installed.namespace} get codelocations" in installed.notes
    assert "externalConfigmap: reef-workspace" in installed.notes
    assert "enableSubchart: false" in installed.notes


def test_each_namespace_may_have_a_reef_of_its_own(installed: Installed, helm: Path) -> None:
    """They share the definition of the resource, and nothing else; the second one goes without it."""
    second = Installed(installed.server, "reef-second", "")
    installed.server.kubectl.make_namespace(second.namespace)
    where = ("-n", second.namespace, "--kubeconfig", str(installed.server.kubeconfig))
    alone = {"crds": {"install": False}}
    both = called(helm, "upgrade", "--install", "reef", str(CHART), *where, values=alone)
    assert both.returncode == 0, both.stderr
    own = [Question("create", "pods"), Question("list", "secrets")]
    others = [replace(each, namespace=installed.namespace) for each in own]
    assert second.allowed("controller", [*own, *others]) == [True, True, False, False]
    assert installed.allowed("controller", own) == [True, True]
    kinds = {each["kind"] for each in rendered(helm, alone)}
    assert not kinds & {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"}
    gone = called(helm, "uninstall", "reef", *where)
    assert gone.returncode == 0, gone.stderr
    assert _crd(installed.server)
    there = installed.server.kubectl("-n", installed.namespace, "get", "deployments", "-o", "name")
    assert "deployment.apps/reef-controller" in there


def test_an_upgrade_with_nothing_new_changes_nothing(installed: Installed, helm: Path) -> None:
    def versions() -> list[str]:
        found = installed.server.kubectl.json(
            "-n", installed.namespace, "get", "deployments,roles,netpol,pdb"
        )
        return [each["metadata"]["resourceVersion"] for each in found["items"]]

    before = versions()
    assert len(before) == 3 + 3 + 4 + 2
    where = ("-n", installed.namespace, "--kubeconfig", str(installed.server.kubeconfig))
    done = called(helm, "upgrade", "reef", str(CHART), *where, "--reuse-values")
    assert done.returncode == 0, done.stderr
    assert versions() == before


def pod(template: dict[str, Any], namespace: str, name: str) -> dict[str, Any]:
    metadata = {**template["metadata"], "name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def test_a_restricted_namespace_takes_reefs_pods(installed: Installed, helm: Path) -> None:
    for template in pods_of(rendered(helm)):
        name = template["metadata"]["labels"][labels.COMPONENT]
        document = pod(template, installed.namespace, name)
        told = installed.server.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(document))
        assert f"pod/{name} created" in told


def test_it_would_not_take_less(installed: Installed, helm: Path) -> None:
    """So the test before says something."""
    template = named(rendered(helm), "Deployment", "reef-gateway")["spec"]["template"]
    document = pod(template, installed.namespace, "loose")
    del document["spec"]["containers"][0]["securityContext"]["capabilities"]
    with pytest.raises(KubectlError, match="violates PodSecurity"):
        installed.server.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(document))


def granted(objects: list[dict[str, Any]], account: str) -> set[Asked]:
    return {
        (verb, group, resource)
        for rule in named(objects, "Role", f"reef-{account}")["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


@pytest.mark.parametrize("account", ROOMS)
def test_a_role_has_what_the_code_asks_for_and_no_more(helm: Path, account: str) -> None:
    asked, given = asked_by(ROOMS[account]), granted(rendered(helm), account)
    assert len(asked) > 4
    assert asked - given == set()
    assert given - asked <= MORE[account].keys()


@pytest.mark.parametrize("account", ROOMS)
def test_nothing_is_granted_by_a_star_or_beyond_the_namespace(helm: Path, account: str) -> None:
    objects = rendered(helm)
    assert not [each for each in objects if each["kind"].startswith("Cluster")]
    assert not [each for each in granted(objects, account) if "*" in "".join(each)]


OF_ITS_OWN = {
    "patch secrets": "reef-pack-tls",
    "get leases": "reef-controller",
    "update leases": "reef-controller",
}


@pytest.mark.parametrize("account", ROOMS)
def test_each_may_what_it_needs(installed: Installed, account: str) -> None:
    asked = sorted(asked_by(ROOMS[account]))
    questions = [
        Question(verb, resource, group, OF_ITS_OWN.get(f"{verb} {resource}", ""))
        for verb, group, resource in asked
    ]
    allowed = installed.allowed(account, questions)
    assert [each for each, may in zip(questions, allowed, strict=True) if not may] == []


@pytest.mark.parametrize("account", ROOMS)
def test_nobody_may_more(installed: Installed, account: str) -> None:
    questions = FORBIDDEN[account]
    allowed = installed.allowed(account, questions)
    assert [each for each, may in zip(questions, allowed, strict=True) if may] == []


def test_kubectl_says_the_same(installed: Installed) -> None:
    """In the words that an administrator would type."""

    def can_i(account: str, *what: str) -> str:
        asking = ("--as", installed.account(account), "-n", installed.namespace)
        try:
            return installed.server.kubectl("auth", "can-i", *what, *asking).strip()
        except KubectlError:
            return "no"

    assert can_i("controller", "create", "pods") == "yes"
    assert can_i("controller", "patch", "secret/reef-ca") == "yes"
    assert can_i("controller", "patch", "secret/dagster-postgresql-secret") == "no"
    assert can_i("gateway", "patch", "deployments.apps", "--subresource=scale") == "yes"
    assert can_i("gateway", "patch", "deployments.apps") == "no"
    assert can_i("page", "get", "pods", "--subresource=log") == "yes"
    assert can_i("page", "patch", "codelocations.dagster-reef.io") == "no"
