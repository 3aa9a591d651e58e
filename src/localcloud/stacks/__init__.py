"""AWS CloudFormation with the SAM transform, in virtual time."""

from __future__ import annotations

from localcloud.stacks.parsing import TemplateError, parse_template
from localcloud.stacks.service import CloudFormation

__all__ = ["CloudFormation", "TemplateError", "parse_template"]
