"""What the controller makes in a cluster, as the documents that an API server takes.

`replica_set` is a pack, `probe` the pod that tries a version, `deployment` a location with a pod of its own, `service`
and `workspace` what Dagster sees of it, `status` what a CodeLocation says of itself. `versions` tells what makes a new
version.
Every document is complete, for server-side apply, and equal for equal input.
"""
