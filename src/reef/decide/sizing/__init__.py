"""What a location should request: from what it used to a proposal with its reasons. A rule belongs here when it needs
nothing but samples and what is set now; where samples come from and what becomes of a proposal is `usage`'s."""
