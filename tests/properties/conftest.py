"""Property tests give the same examples on every machine: hypothesis derives them from the test itself."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "localcloud",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("localcloud")
