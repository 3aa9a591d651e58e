"""Private things of other libraries are where we expect them."""

from __future__ import annotations

import pytest

from localcloud.hooks import HOOKS


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.target)
def test_the_private_hook_is_where_we_expect_it(hook):
    try:
        hook.resolve()
    except (ImportError, AttributeError) as exc:
        pytest.fail(f"{hook.target} has moved ({exc}); it is needed for: {hook.why}")
