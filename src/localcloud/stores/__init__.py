"""Data structures behind the services: no latency, no API, only state and its rules."""
