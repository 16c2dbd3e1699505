"""Learning from what was observed: evidence files, likelihoods, weights, conditioning."""
