"""The same model by other means, to be timed against the core; see `problem` for the rules."""

import os

# Peers thread by draws, so the matrix products inside a thread stay in it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
