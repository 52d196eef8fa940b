"""Pure decisions: (state, now) -> what to do. No clock, no files, no processes.

A rule belongs here if it needs nothing but its arguments. `.importlinter` forbids, through whatever it imports,
modules that could reach anything else.
"""
