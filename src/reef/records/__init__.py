"""What Reef writes down about locations and reads again at its next start: served and kept versions, history, contents.

A module belongs here if it maps a record to where it is stored; nobody here knows why something is recorded.
"""
