"""Services of moto whose libraries are not installed say so."""

from __future__ import annotations

import importlib.util

import pytest

from localcloud.errors import LibraryMissing


@pytest.mark.skipif(importlib.util.find_spec("joserfc") is not None, reason="joserfc is installed")
def test_cognito_names_the_library_that_it_needs(cloud):
    with pytest.raises(LibraryMissing, match=r"cognito-idp is answered by moto.*'joserfc'.*pip install joserfc"):
        cloud.client("cognito-idp").create_user_pool(PoolName="customers")
