"""The state of one code location, and how a process of it is started: what several rooms share about a location.

Nothing here decides, waits or touches a process.
"""
