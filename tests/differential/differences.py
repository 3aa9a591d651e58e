"""Where the emulator answers otherwise than the local cloud, and what AWS's documentation says."""

from __future__ import annotations

from dataclasses import dataclass

_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/"
_GATEWAY = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
_STATES = "https://docs.aws.amazon.com/step-functions/latest/apireference/"


@dataclass(frozen=True)
class Difference:
    """One explained difference. `where` names the members that differ; () is the whole observation."""

    where: tuple[str, ...]
    why: str
    source: str


DIFFERENCES: dict[str, Difference] = {
    "lambda_gives_the_handler_a_context": Difference(
        ("memory",),
        "The Python runtime takes memory_limit_in_mb from an environment variable, as text.",
        "https://github.com/aws/aws-lambda-python-runtime-interface-client",
    ),
    "lambda_reports_an_exception": Difference(
        (), "errorType is the name of the exception's class, and a stack trace comes along.",
        f"{_LAMBDA}python-exceptions.html",
    ),
    "lambda_reports_an_exit": Difference(
        (), "A runtime that ends before it has answered is Runtime.ExitError.", f"{_LAMBDA}runtimes-api.html"
    ),
    "lambda_reports_what_json_cannot_carry": Difference(
        (), "An answer that cannot be serialised is Runtime.MarshalError.", f"{_LAMBDA}python-handler.html"
    ),
    "lambda_refuses": Difference(
        ("a function without a policy", "a payload that is not JSON", "an alias for an unknown version"),
        "GetPolicy finds nothing, an alias needs a version that is there, and a payload must be JSON.",
        "https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html",
    ),
    "http_api_answers_for_a_handler_that_raises": Difference(
        (), "An HTTP API answers 500 with a message of its own, never with the function's error.",
        f"{_GATEWAY}http-api-troubleshooting-lambda.html",
    ),
    "http_api_hands_on_an_event_of_version_2": Difference(
        ("context",), "requestContext has domainPrefix too.", f"{_GATEWAY}http-api-develop-integrations-lambda.html"
    ),
    "sqs_feeds_a_function_and_keeps_what_it_reports_as_failed": Difference(
        ("record",), "Records carry empty value lists, and the digest of their attributes.", f"{_LAMBDA}with-sqs.html"
    ),
    "sqs_refuses": Difference(
        ("a name with a slash",), "Names have letters, digits, hyphens and underscores.",
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html",
    ),
    "events_refuse_single_entries": Difference(
        (), "An entry whose Detail is no JSON fails with MalformedDetail.",
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html",
    ),
    "events_refuse": Difference(
        ("a rule without pattern or schedule",), "A rule needs an EventPattern, a ScheduleExpression, or both.",
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html",
    ),
    "sns_refuses": Difference(
        ("an empty message",), "Message is required, and empty is refused as InvalidParameter.",
        "https://docs.aws.amazon.com/sns/latest/api/API_Publish.html",
    ),
    "kinesis_refuses": Difference(
        ("an iterator of nothing",), "Expired is an iterator that is older than 5 minutes; this one never was any.",
        "https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html",
    ),
    "dynamodb_refuses": Difference(
        ("a reserved word",), "SIZE is reserved: it needs a placeholder.",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html",
    ),
    "states_map_over_items": Difference(
        ("history",), "A Map writes the events of its iterations into the history.",
        f"{_STATES}API_HistoryEvent.html",
    ),
    "states_fail_with_error_and_cause": Difference(
        ("output",), "An execution that failed has no output.", f"{_STATES}API_DescribeExecution.html"
    ),
    "states_retry_and_catch_what_a_function_raises": Difference(
        ("history", "output"), "The error is the exception's class, so its retry applies and is in the history.",
        "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    ),
    "states_refuse": Difference(
        ("a definition that is no JSON", "a name with a space", "a state that is not there"),
        "CreateStateMachine validates the definition and the name.", f"{_STATES}API_CreateStateMachine.html",
    ),
    "cloudformation_refuses": Difference(
        ("a reference to nothing",), "A Ref to nothing is a ValidationError before anything is made.",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-ref.html",
    ),
}  # fmt: skip
