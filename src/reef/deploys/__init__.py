"""Deploys: which locations, in which waves, watched for how long, and what becomes of each.

A module belongs here if it exists only because somebody runs `reef plan` or `reef deploy`.
"""
