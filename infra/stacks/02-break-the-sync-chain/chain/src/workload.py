"""Computation with the same meaning everywhere: so many milliseconds at one full vCPU."""

import time


def compute(milliseconds):
    """Use that much CPU time; how long it takes depends on the CPU that the memory setting buys."""
    end = time.thread_time() + milliseconds / 1000
    while time.thread_time() < end:
        pass
