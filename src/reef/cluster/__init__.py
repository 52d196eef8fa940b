"""The API server of a cluster, as Reef's processes see it: a client, caches that follow it, and a lease.

A member speaks to the API server. What the objects say is for others to decide.
"""
