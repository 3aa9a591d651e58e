"""Amazon SQS in virtual time."""

from __future__ import annotations

from localcloud.services.sqs.service import SQS

__all__ = ["SQS"]
