"""A real Kubernetes for the tests, built from its Go modules: its API server alone, or a cluster of two nodes.

`python -m lab` says what it can do (with `tests` on PYTHONPATH; `make cluster` and its like do that).
`docs/testing-on-kubernetes.md` is the page for people; `lab.fixtures` has what tests ask for.
"""
