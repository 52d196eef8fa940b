"""Which version of what: the one place. A changed line builds that piece anew."""

KUBERNETES = "1.36.3"
ETCD = "3.6.16"
CONTAINERD = "2.2.9"
RUNC = "1.3.7"
COREDNS = "1.14.7"
REGISTRY = "3.1.2"
HELM = "3.22.0"
CNI_PLUGINS = "1.9.1"
GO = "1.26"  # the oldest that builds all of them

# Not in requirements.lock: only the lab's images have them.
DAGSTER_K8S = "dagster-k8s==0.29.27"
KUBERNETES_CLIENT = "kubernetes==36.0.3"  # the newest that dagster-k8s takes
