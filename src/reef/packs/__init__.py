"""A pack host: it starts, watches and ends the servers of the locations in its pod, each in its own container.

A member runs in that process only. `serving` decides who wakes and sleeps, here as on one machine.
"""
