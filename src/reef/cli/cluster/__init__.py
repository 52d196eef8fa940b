"""The verbs of `reef` on a cluster: options, what they print."""
