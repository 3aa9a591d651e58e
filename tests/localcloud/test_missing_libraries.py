"""Services of moto whose libraries are not installed say so."""

from __future__ import annotations

import sys

import pytest

from localcloud.errors import LibraryMissing


def test_cognito_names_the_library_that_it_needs(cloud, monkeypatch):
    monkeypatch.setitem(sys.modules, "joserfc", None)  # as where it is not installed
    with pytest.raises(LibraryMissing, match=r"cognito-idp is answered by moto.*'joserfc'.*pip install joserfc"):
        cloud.client("cognito-idp").create_user_pool(PoolName="customers")
