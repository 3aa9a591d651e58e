"""Amazon SNS: topics that bring a message to every subscription that wants it."""

from __future__ import annotations

from localcloud.services.sns.service import SNS

__all__ = ["SNS"]
