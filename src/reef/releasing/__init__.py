"""From code to what is served: probe, judge, promote, pin, roll back. What a controller does.

A module belongs here if it changes, or prepares a change of, which version of a location is served.
"""
