"""Kubernetes as plain data: the CodeLocation resource, and the ways to it and back.

Everything here turns documents into documents. Nothing here asks a cluster, starts a process or reads an
environment; what runs CodeLocations in a cluster builds on it.
"""
