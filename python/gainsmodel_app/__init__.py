"""The app as a wheel carries it: its files are links to those of ``app/``, which a test counts."""
