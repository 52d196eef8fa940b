"""Certificates: who Reef's processes on a cluster are to each other, and what is trusted.

A member makes, reads or renews keys and certificates, or hands them to gRPC.
"""
