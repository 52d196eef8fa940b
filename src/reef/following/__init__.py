"""`--watch`: files that change on the disk, and the locations that they concern.

A module belongs here if it notices a change by itself; what is to be done about it, `releasing` does.
"""
