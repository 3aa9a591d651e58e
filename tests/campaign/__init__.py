"""The fault campaign: random schedules of faults over a reference order system, and what must hold after each."""
