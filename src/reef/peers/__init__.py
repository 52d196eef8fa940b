"""What Reef's processes on a cluster say to each other: messages, and calls that only the right role may make.

A member is a message between controller, gateways and pack hosts, or how it travels. Nothing here decides.
"""
