"""Libraries that several locations call in one process of their own: what listens for the calls, starts,
watches and ends that process. What a location is, and its code server, belongs to `serving`."""
