"""The processes of locations: wake, sleep, memory limits, runs, zygotes. What a pack host does.

A module belongs here if it starts, watches or ends a child that serves, or decides from what such children are forked.
"""
