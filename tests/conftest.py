"""What holds for every test."""

import signal

# Ctrl-C is tested, and a shell has what it starts in the background ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
