"""What a person does with Reef in a cluster, from outside of it: with the API server alone, and their own rights."""
