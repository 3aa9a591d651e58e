"""The data planes of the simulated services."""
