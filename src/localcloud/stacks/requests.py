"""What a request to make or change a stack asks for: its template, parameters and capabilities, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localcloud.api import ApiError
from localcloud.stacks.intrinsics import Scope
from localcloud.stacks.language_extensions import LANGUAGE_EXTENSIONS
from localcloud.stacks.model import Request
from localcloud.stacks.parameters import parameter_values
from localcloud.stacks.parsing import TemplateError, parse_template
from localcloud.stacks.rules import check_rules
from localcloud.stacks.sam import processed, transforms
from localcloud.stacks.structure import check_written
from localcloud.stacks.template import Template

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_SSM_VALUE = "AWS::SSM::Parameter::Value<"


class Requests:
    """Reads requests. `exports` gives the value of every export of the account by its name."""

    def __init__(self, cloud: Cloud, exports: Callable[[], dict[str, str]]) -> None:
        self._cloud = cloud
        self._exports = exports

    def read(self, params: Mapping[str, Any], stack_name: str, stack_id: str, before: Request | None) -> Request:
        """Everything a deployment needs. Raises TemplateError; ApiError for missing capabilities."""
        text = self.text(params, before)
        body = parse_template(text)
        check_written(body)
        given = {
            p["ParameterKey"]: None if p.get("UsePreviousValue") else p.get("ParameterValue", "")
            for p in params.get("Parameters") or []
        }
        values = parameter_values(body, given, before.template.parameters if before else {})
        resolved = self._from_parameter_store(body, values)
        capabilities = tuple(params.get("Capabilities") or ())
        extended = LANGUAGE_EXTENSIONS in transforms(body)
        body = processed(body, {**values, **resolved})
        scope = Scope(
            values={**_lists(body, {**values, **resolved}), **self._pseudo(stack_name, stack_id)},
            mappings=body.get("Mappings") or {},
            conditions=body.get("Conditions") or {},
            exports=self._exports(),
            extended=extended,
        )
        check_rules(body, scope)
        template = Template(body, values, scope, resolved)
        self._check_capabilities(template, capabilities)
        tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or []}
        if "Tags" not in params and before is not None:
            tags = dict(before.tags)
        failure = "DO_NOTHING" if params.get("DisableRollback") else params.get("OnFailure", "ROLLBACK")
        validated = not params.get("DisableValidation")
        return Request(text, template, tags, capabilities, body.get("Description", ""), failure, validated)

    def text(self, params: Mapping[str, Any], before: Request | None) -> str:
        """The template as written. Raises TemplateError when there is none."""
        if params.get("UsePreviousTemplate"):
            if before is None:
                raise TemplateError("No previous template exists to reuse.")
            return before.text
        if "TemplateBody" in params:
            return str(params["TemplateBody"])
        if "TemplateURL" in params:
            return self._from_s3(params["TemplateURL"])
        raise TemplateError("Either Template URL or Template Body must be specified.")

    def check_transform(self, params: Mapping[str, Any], before: Request | None) -> None:
        """Without a change set to look at, a transform must be allowed beforehand. Raises ApiError."""
        body = parse_template(self.text(params, before))
        if transforms(body) and "CAPABILITY_AUTO_EXPAND" not in (params.get("Capabilities") or ()):
            raise _needs("CAPABILITY_AUTO_EXPAND")

    def _from_s3(self, url: str) -> str:
        bucket, _, key = url.partition("://")[2].partition("/")
        if bucket.startswith(("s3.", "s3-")):
            bucket, _, key = key.partition("/")
        if not bucket or not key:
            raise TemplateError("TemplateURL must be a supported URL.")
        try:
            answer = self._cloud.client("s3").get_object(Bucket=bucket.split(".s3")[0], Key=key.split("?")[0])
        except ClientError as exc:
            raise TemplateError(f"S3 error: {exc.response['Error'].get('Message', exc)}") from exc
        return str(answer["Body"].read().decode())

    def _from_parameter_store(self, body: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
        """The values of parameters that name a parameter of Systems Manager. Raises TemplateError."""
        declared = body.get("Parameters") or {}
        named = {n: v for n, v in values.items() if str(declared[n].get("Type", "")).startswith(_SSM_VALUE)}
        found: dict[str, str] = {}
        for name, key in named.items():
            try:
                found[name] = self._cloud.client("ssm").get_parameter(Name=key)["Parameter"]["Value"]
            except ClientError as exc:
                if exc.response["Error"].get("Code") != "ParameterNotFound":
                    raise
                raise TemplateError(
                    f"Unable to fetch parameters [{key}] from parameter store for this account."
                ) from exc
        return found

    def _pseudo(self, stack_name: str, stack_id: str) -> dict[str, Any]:
        return {
            "AWS::AccountId": self._cloud.account_id,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": self._cloud.region,
            "AWS::StackId": stack_id,
            "AWS::StackName": stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def _check_capabilities(self, template: Template, given: tuple[str, ...]) -> None:
        needed, _ = template.capabilities
        enough = {"": True, "CAPABILITY_NAMED_IAM": needed in given}
        if not enough.get(needed, bool({"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(given))):
            raise _needs(needed)


def _needs(capability: str) -> ApiError:
    message = f"Requires capabilities : [{capability}]"
    return ApiError("InsufficientCapabilitiesException", message, 400, Type="Sender")


def _lists(body: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Parameters whose type is a list are lists when referred to."""
    declared = body.get("Parameters") or {}
    kinds = {name: str((declared.get(name) or {}).get("Type", "")) for name in values}
    return {
        name: [part.strip() for part in value.split(",")] if "List" in kinds[name] else value
        for name, value in values.items()
    }
