"""moto's mock, which answers what the short circuit leaves over: started fast.

At each start moto makes a response for each of its URL patterns and HTTP methods, more than a thousand. They are the
same each time: this process makes them once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import moto.core.models as models
from moto import mock_aws

_made: dict[str, list[Any]] = {}  # what moto registers at its start, by HTTP method


def start() -> Callable[[], None]:
    """Start the mock with fresh backends. Returns the function that stops it."""
    mock = mock_aws()
    methods = models.RESPONSES_METHODS
    if _made:
        models.RESPONSES_METHODS = []  # none is made anew
    try:
        mock.start()
    finally:
        models.RESPONSES_METHODS = methods
    registry: Any = models.responses_mock._registry
    registered = registry._registered
    if _made:
        registered.update({method: list(found) for method, found in _made.items()})
    else:
        _made.update({method: list(found) for method, found in registered.items()})
    return mock.stop
