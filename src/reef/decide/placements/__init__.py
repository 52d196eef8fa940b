"""Where the code of a location runs on Kubernetes: in a pack with others, in a pod of its own, or elsewhere.

`fields` is the table of what a pack can keep, `judging` reads one location's fields by it, `choosing` takes a placement
for one location, `packing` puts a fleet together.
"""
