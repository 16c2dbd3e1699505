"""A slow, plain NumPy reference for the model, written from its description alone."""
