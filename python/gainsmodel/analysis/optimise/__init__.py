"""The best package of levers for the money."""
