"""What learners write, right and wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.labs.lab import Attempt

if TYPE_CHECKING:
    from patisserie.session import LabSession

KEEP = """\
PaymentQueue:
  Properties:
    VisibilityTimeout: 180
    MessageRetentionPeriod: 345600
    RedrivePolicy: {deadLetterTargetArn: !GetAtt PaymentDeadLetters.Arn, maxReceiveCount: 5}
PaymentDeadLetters: {Properties: {MessageRetentionPeriod: 1209600}}
"""
STILL_THIRTY = KEEP.replace("    VisibilityTimeout: 180\n", "")
GIVES_UP_AT_ONCE = KEEP.replace("maxReceiveCount: 5", "maxReceiveCount: 1")
NO_DEAD_LETTERS = """\
PaymentQueue: {Properties: {VisibilityTimeout: 180, MessageRetentionPeriod: 345600}}
"""
FORGETFUL_DEAD_LETTERS = KEEP.replace("1209600", "86400")
FIVE_MINUTES = KEEP.replace("    MessageRetentionPeriod: 345600\n", "")

EACH_ALONE = """\
def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            charge(json.loads(record["body"]))
        except Exception:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""
SWALLOWS = """\
def handler(event, context):
    for record in event["Records"]:
        try:
            charge(json.loads(record["body"]))
        except Exception as error:
            print(error)
"""
NAMES_THE_ORDER = EACH_ALONE.replace(
    'failed.append({"itemIdentifier": record["messageId"]})',
    'failed.append({"itemIdentifier": json.loads(record["body"])["orderId"]})',
)
REPORT = """\
PaymentFunction:
  Properties: {Events: {Queue: {Properties: {FunctionResponseTypes: [ReportBatchItemFailures]}}}}
"""
BEND = """\
PaymentFunction:
  Properties:
    ReservedConcurrentExecutions: null
    Events: {Queue: {Properties: {ScalingConfig: {MaximumConcurrency: 4}}}}
"""
NO_BOUND = "PaymentFunction: {Properties: {ReservedConcurrentExecutions: null}}\n"
MORE_RESERVED = "PaymentFunction: {Properties: {ReservedConcurrentExecutions: 6}}\n"
RESERVED_BELOW = BEND.replace("ReservedConcurrentExecutions: null", "ReservedConcurrentExecutions: 3")
TOO_MANY = BEND.replace("MaximumConcurrency: 4", "MaximumConcurrency: 20")

_FILTERED = """\
ThanksFunction:
  Properties:
    Events: {Queue: {Properties: {FilterCriteria: {Filters: [{Pattern: '%s'}]}}}}
"""
FILTER = _FILTERED % '{"body": {"totalCents": [{"numeric": [">=", 3000]}]}}'
ABOVE = _FILTERED % '{"body": {"totalCents": [{"numeric": [">", 3000]}]}}'
EQUAL = _FILTERED % '{"body": {"totalCents": [3000]}}'
NO_BODY = _FILTERED % '{"totalCents": [{"numeric": [">=", 3000]}]}'
WRONG_QUEUE = FILTER.replace("ThanksFunction", "PaymentFunction")


def _attempt(name: str, *fragments: str, payment: str = "") -> Attempt:
    """The working copy with these fragments in its template, and this handler; "" leaves it as it is at the start."""

    def prepare(session: LabSession) -> None:
        assert session.workspace is not None
        session.reset()
        for fragment in fragments:
            session.workspace.merge_template(fragment)
        if payment:
            session.workspace.replace_functions("payment/payment.py", payment)
        session.deploy("mine")

    return Attempt(name, prepare)


SOLVED = _attempt("solution", KEEP, REPORT, BEND, FILTER, payment=EACH_ALONE)

KEEP_FLAWED = _attempt("as it starts")
KEEP_WRONG = (
    _attempt("dead letters, and a visibility timeout of 30 seconds", STILL_THIRTY),
    _attempt("gives up after one receive", GIVES_UP_AT_ONCE),
    _attempt("keeps messages long, and has no dead letters", NO_DEAD_LETTERS),
    _attempt("dead letters that are kept for a day", FORGETFUL_DEAD_LETTERS),
    _attempt("dead letters behind a queue that forgets after five minutes", FIVE_MINUTES),
)
ALONE_FLAWED = _attempt("the whole batch fails", KEEP)
ALONE_WRONG = (
    _attempt("returns the failures, and nobody expects them", KEEP, payment=EACH_ALONE),
    _attempt("expects failures, and the handler raises", KEEP, REPORT),
    _attempt("catches every error and says nothing", KEEP, REPORT, payment=SWALLOWS),
    _attempt("names orders where messages are meant", KEEP, REPORT, payment=NAMES_THE_ORDER),
)
BEND_FLAWED = _attempt("reserved concurrency alone", KEEP, REPORT, payment=EACH_ALONE)
BEND_WRONG = (
    _attempt("takes the bound away", KEEP, REPORT, NO_BOUND, payment=EACH_ALONE),
    _attempt("more reserved concurrency, and no maximum", KEEP, REPORT, MORE_RESERVED, payment=EACH_ALONE),
    _attempt("a maximum above what is reserved", KEEP, REPORT, RESERVED_BELOW, payment=EACH_ALONE),
    _attempt("a maximum above what the provider takes", KEEP, REPORT, TOO_MANY, payment=EACH_ALONE),
)
FILTER_FLAWED = _attempt("every order wakes it", KEEP, REPORT, BEND, payment=EACH_ALONE)
FILTER_WRONG = (
    _attempt("more than 30 EUR", KEEP, REPORT, BEND, ABOVE, payment=EACH_ALONE),
    _attempt("exactly 30 EUR", KEEP, REPORT, BEND, EQUAL, payment=EACH_ALONE),
    _attempt("the total is looked for beside the body", KEEP, REPORT, BEND, NO_BODY, payment=EACH_ALONE),
    _attempt("the filter stands before the payment", KEEP, REPORT, BEND, WRONG_QUEUE, payment=EACH_ALONE),
)
