"""The HTTP listener of a host: its page, the JSON beside it, and what others let it answer (`/metrics`).

A module belongs here if it answers a browser or a scraper. What it shows and does is handed in as callables.
"""
