"""A gateway on a cluster: it answers for every location, holds calls, and passes them to packs and pods.

A member runs in that process only. It decides no version and no placement.
"""
