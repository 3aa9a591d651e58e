"""Amazon S3: buckets and objects are moto's; what they tell others is brought in virtual time, requests are metered."""

from __future__ import annotations

from localcloud.services.s3.notifications import S3Notifications
from localcloud.services.s3.requests import S3Requests

__all__ = ["S3Notifications", "S3Requests"]
