"""The app: shows and asks; everything it shows comes from the Python API."""
