"""The controller: versions, probes, placements, promotions and waves of a cluster's code locations.

A member runs in that process only. What is decided is in `decide.cluster`, what objects look like in `kube.objects`.
"""
