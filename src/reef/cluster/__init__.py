"""The API server of a cluster, as Reef's processes see it: a client, caches that follow it, and a lease.

A member speaks to the API server. What the objects say is for others to decide.
"""

from importlib.util import find_spec

from reef.errors import ReefError

if find_spec("lightkube") is None:
    raise ReefError(
        "what speaks to Kubernetes is not installed", hint="pip install 'dagster-reef[kubernetes]'"
    )
