"""PartiQL for DynamoDB: statements that become operations on items."""

from __future__ import annotations

from localcloud.services.dynamodb.partiql.operations import PartiQl

__all__ = ["PartiQl"]
