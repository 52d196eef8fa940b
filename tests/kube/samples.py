"""Values of the official chart in the forms that people write them. All are made up; the forms are from real life."""

from __future__ import annotations

from typing import Any

import yaml

# A chart with its arguments in long options, everything on one deployment.
FULL = """
global:
  postgresqlSecretName: pg-secret
  dagsterHome: /opt/home
dagsterWebserver:
  replicaCount: 2
dagster-user-deployments:
  enabled: true
  enableSubchart: true
  imagePullSecrets:
    - name: registry-credentials
  serviceAccount:
    create: true
    annotations:
      eks.amazonaws.com/role-arn: "arn:aws:iam::1:role/dagster"
  deployments:
    - name: sales
      image:
        repository: registry.example:5000/team/sales
        tag: "1.4.0"
        pullPolicy: IfNotPresent
      dagsterApiGrpcArgs: ["--python-file", "/app/sales.py", "--attribute", "defs", "--log-level", "debug"]
      port: 3030
      replicaCount: 2
      includeConfigInLaunchedRuns: {enabled: false}
      env:
        - {name: STAGE, value: prod}
        - name: TOKEN
          valueFrom: {secretKeyRef: {name: sales-token, key: token}}
        - name: NODE
          valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
      envConfigMaps:
        - name: common
      envSecrets:
        - name: sales-secrets
          optional: true
        - name: more-secrets
      volumes:
        - {name: scratch, emptyDir: {sizeLimit: 1Gi}}
        - {name: keys, secret: {secretName: sales-keys}}
      volumeMounts:
        - {name: scratch, mountPath: /scratch}
        - {name: keys, mountPath: /keys, readOnly: true, subPath: a}
      resources:
        requests: {cpu: 250m, memory: 512Mi}
        limits: {memory: 1Gi, cpu: 1}
      podSecurityContext: {runAsUser: 1000, fsGroup: 1000}
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
      nodeSelector: {disktype: ssd}
      tolerations:
        - {key: team, operator: Equal, value: sales, effect: NoSchedule}
        - {operator: Exists, effect: NoExecute, tolerationSeconds: 30}
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
              - matchExpressions: [{key: zone, operator: In, values: [a, b]}]
      schedulerName: volcano
      initContainers:
        - {name: wait, image: "busybox:1", command: [sh, -c, "true"]}
      sidecarContainers:
        - name: proxy
          image: "proxy:2"
          env: [{name: A, value: b}]
      labels: {team: sales, tier: "1"}
      annotations: {prometheus.io/scrape: "true"}
      service: {annotations: {team: sales}}
      readinessProbe: {enabled: true, periodSeconds: 5, failureThreshold: 10}
      livenessProbe: {periodSeconds: 30}
      startupProbe: {enabled: true, failureThreshold: 60}
      deploymentStrategy: {type: Recreate}
"""

MANY = """
dagster-user-deployments:
  deployments:
    - name: sales
      image: {repository: acme/sales, tag: latest, pullPolicy: Always}
      dagsterApiGrpcArgs: [-m, sales.definitions]
      port: 4000
      env: {A: "1", B: two}
      envSecrets: [{name: s}]
    - name: finance
      image: {repository: acme/finance, tag: abc123, pullPolicy: IfNotPresent}
      codeServerArgs: ["--module-name=finance", "-d", "/app", "-a", "defs"]
      port: 4001
    - name: risk
      image: {repository: acme/risk, tag: v2, pullPolicy: IfNotPresent}
      port: 4002
    - name: digested
      image:
        repository: acme/risk@sha256
        tag: 0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0
        pullPolicy: IfNotPresent
      dagsterApiGrpcArgs: [--package-name, risk]
      port: 4003
"""

AS_MAP = """
dagster-user-deployments:
  serviceAccount: {create: false, name: runner}
  deployments:
    sales:
      image: {repository: acme/sales, tag: "1", pullPolicy: Always}
      dagsterApiGrpcArgs: [-f, sales.py]
      port: 3030
    finance:
      image: {repository: acme/finance, tag: "2", pullPolicy: Always}
      dagsterApiGrpcArgs: [-f, finance.py]
      port: 3031
"""

ANCHORS = """
x-common: &common
  port: 3030
  envSecrets: [{name: shared}]
  resources: &small {requests: {memory: 256Mi}}
dagster-user-deployments:
  deployments:
    - <<: *common
      name: sales
      image: {repository: acme/sales, tag: "1", pullPolicy: Always}
      dagsterApiGrpcArgs: [-m, sales]
    - <<: *common
      name: finance
      image: {repository: acme/finance, tag: "1", pullPolicy: Always}
      dagsterApiGrpcArgs: [-m, finance]
      resources:
        <<: *small
        limits: {memory: 1Gi}
"""

NESTED = """
global: {celeryConfigSecretName: celery}
platform:
  ingress: {enabled: true}
dagster:
  dagster:
    dagsterDaemon: {}
    dagster-user-deployments:
      deployments:
        - name: sales
          image: {repository: acme/sales, tag: "1", pullPolicy: Always}
          dagsterApiGrpcArgs: [-m, sales]
          port: 3030
"""

STANDALONE = """
global:
  serviceAccountName: dagster
dagsterHome: /srv/home
postgresqlSecretName: own-pg
imagePullSecrets: [{name: regcred}]
deployments:
  - name: sales
    image: {repository: acme/sales, tag: "1", pullPolicy: Always}
    dagsterApiGrpcArgs: ["-f", "/app/defs.py", "-d", "/app"]
    port: 3030
"""

EMPTY_ONES = """
dagster-user-deployments:
  imagePullSecrets: []
  deployments:
    - name: sales
      image: {repository: acme/sales, tag: "1", pullPolicy: Always}
      dagsterApiGrpcArgs: [-m, sales]
      codeServerArgs: ~
      port: 3030
      env: []
      envConfigMaps: []
      envSecrets: ~
      annotations: {}
      nodeSelector: {}
      affinity: {}
      tolerations: []
      podSecurityContext: {}
      securityContext: {}
      resources: {}
      labels: {}
      volumes: []
      volumeMounts: []
      initContainers: []
      sidecarContainers: []
      includeConfigInLaunchedRuns: ~
      readinessProbe: {enabled: true}
      livenessProbe: {}
      startupProbe: {enabled: false}
      service: {annotations: {}}
"""

LISTENING = """
dagster-user-deployments:
  deployments:
    - name: sales
      image: {repository: acme/sales, tag: "1", pullPolicy: Always}
      dagsterApiGrpcArgs: [-h, "0.0.0.0", -p, "3030", -f, sales.py]
      port: 3030
    - name: finance
      image: {repository: acme/finance, tag: "1", pullPolicy: Always}
      codeServerArgs: [-m, finance, --port=4001]
      port: 4000
"""

OTHER_NAMES = """
dagsterWebserver:
  workspace:
    enabled: true
    servers: [{host: sales, port: 3030, name: Sales & more}]
dagster-user-deployments:
  deployments:
    - name: sales
      image: {repository: acme/sales, tag: "1", pullPolicy: Always}
      dagsterApiGrpcArgs: [-m, sales]
      port: 3030
"""

# Samples that come back from CodeLocations with equal values.
ROUND_TRIPS = {
    "full": FULL,
    "many": MANY,
    "map": AS_MAP,
    "anchors": ANCHORS,
    "nested": NESTED,
    "standalone": STANDALONE,
    "empty ones": EMPTY_ONES,
    "listening": LISTENING,
    "other names": OTHER_NAMES,
}

KUSTOMIZATION = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: data
helmCharts:
  - name: cert-manager
    valuesInline: {installCRDs: true}
  - name: dagster
    repo: https://charts.example/dagster
    releaseName: orchestrator
    version: 1.12.3
    valuesFile: base.yaml
    valuesInline:
      dagster-user-deployments:
        deployments:
          - name: sales
            image: {repository: acme/sales, tag: ~, pullPolicy: Always}
            dagsterApiGrpcArgs: [-m, sales]
            port: 3030
"""

HELM_RELEASE = """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: dagster, namespace: data}
spec:
  chart: {spec: {chart: dagster, version: 1.12.3}}
  values:
    dagster-user-deployments:
      deployments:
        - name: sales
          image: {repository: acme/sales, tag: "1", pullPolicy: Always}
          dagsterApiGrpcArgs: [-m, sales]
          port: 3030
"""

APPLICATION = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: orchestrator}
spec:
  destination: {namespace: data}
  source:
    chart: dagster
    targetRevision: 1.12.3
    helm:
      values: |
        dagster-user-deployments:
          deployments:
            - name: sales
              image: {repository: acme/sales, tag: "1", pullPolicy: Always}
              dagsterApiGrpcArgs: [-m, sales]
              port: 3030
"""


def loaded(text: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(text)
    return values
