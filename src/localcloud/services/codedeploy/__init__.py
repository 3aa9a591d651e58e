"""AWS CodeDeploy for Lambda: traffic goes from one version of an alias to another, step by step."""

from __future__ import annotations

from localcloud.services.codedeploy.service import CodeDeploy

__all__ = ["CodeDeploy"]
