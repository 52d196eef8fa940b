"""What a location's code is at one moment, as a version, and whether it still is that.

A module belongs here if it answers one of the two for code, packages, settings or defs state. Nothing is loaded here.
"""
