"""What each service says when it throttles or breaks: its own code, wording and status."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.api import ApiError
from localcloud.faults.model import Fault

Answer = tuple[str, str, int]  # code, message, status

# Codes that botocore's models of the services name stand as there; the others as in the services' lists of errors.
THROTTLES: Mapping[str, Answer] = {
    "apigateway": ("TooManyRequestsException", "Too Many Requests", 429),
    "apigatewayv2": ("TooManyRequestsException", "Too Many Requests", 429),
    "cloudformation": ("Throttling", "Rate exceeded", 400),
    "cloudwatch": ("Throttling", "Rate exceeded", 400),
    "dynamodb": ("ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the "
                 "table was exceeded. Consider increasing your provisioning level with the UpdateTable API.", 400),
    "ec2": ("RequestLimitExceeded", "Request limit exceeded.", 503),
    "iam": ("Throttling", "Rate exceeded", 400),
    "kinesis": ("ProvisionedThroughputExceededException", "Rate exceeded for the stream.", 400),
    "lambda": ("TooManyRequestsException", "Rate Exceeded.", 429),
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "scheduler": ("ThrottlingException", "Rate exceeded", 429),
    "sns": ("Throttled", "Rate exceeded", 429),
    "sqs": ("RequestThrottled", "The request was denied due to request throttling.", 403),
    "sts": ("Throttling", "Rate exceeded", 400),
}  # fmt: skip
ANY_THROTTLE: Answer = ("ThrottlingException", "Rate exceeded", 400)

BREAKDOWNS: Mapping[str, Answer] = {
    "dynamodb": ("InternalServerError", "Internal server error", 500),
    "events": ("InternalException", "An internal error occurred.", 500),
    "kinesis": ("InternalFailure", "The request processing has failed because of an unknown error.", 500),
    "lambda": ("ServiceException", "An internal error occurred.", 500),
    "s3": ("InternalError", "We encountered an internal error. Please try again.", 500),
    "scheduler": ("InternalServerException", "Unexpected error encountered while processing the request.", 500),
    "secretsmanager": ("InternalServiceError", "An error occurred on the server side.", 500),
    "sns": ("InternalError", "Internal error", 500),
    "ssm": ("InternalServerError", "An error occurred on the server side.", 500),
}
ANY_ERROR: Answer = ("InternalFailure", "The request processing has failed because of an unknown error.", 500)
ANY_OUTAGE: Answer = ("ServiceUnavailable", "The request has failed due to a temporary failure of the server.", 503)


def answer(fault: Fault, service: str) -> ApiError:
    """The error that a call to `service` gets from an error, throttle or outage fault."""
    if fault.kind == "throttle":
        code, message, status = THROTTLES.get(service, ANY_THROTTLE)
    else:
        code, message, status = BREAKDOWNS.get(service, ANY_ERROR if fault.kind == "error" else ANY_OUTAGE)
    return ApiError(fault.code or code, fault.message or message, fault.status or status)
