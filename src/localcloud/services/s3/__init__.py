"""Amazon S3: buckets and objects are moto's; what they tell others of is brought in virtual time."""

from __future__ import annotations

from localcloud.services.s3.notifications import S3Notifications

__all__ = ["S3Notifications"]
