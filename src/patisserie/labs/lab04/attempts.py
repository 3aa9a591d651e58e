"""What learners write, right and wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.labs.lab import Attempt

if TYPE_CHECKING:
    from patisserie.session import LabSession

ON_THE_STREAM = """\
def tell(order):
    kinesis.put_record(StreamName=os.environ["STREAM"], Data=json.dumps(order), PartitionKey=order["orderId"])
"""
KEY_OF_ITS_OWN = ON_THE_STREAM.replace('order["orderId"]', "f\"{order['orderId']}/{order['version']}\"")
ON_THE_QUEUE = """\
def tell(order):
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(order))
"""
ON_BOTH = """\
def tell(order):
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(order))
    kinesis.put_record(StreamName=os.environ["STREAM"], Data=json.dumps(order), PartitionKey=order["orderId"])
"""
ON_THREE_QUEUES = """\
def tell(order):
    for team in ("KITCHEN", "LOYALTY", "ANALYTICS"):
        sqs.send_message(QueueUrl=os.environ[f"{team}_URL"], MessageBody=json.dumps(order))
"""
ON_THREE_FIFO_QUEUES = """\
def tell(order):
    for team in ("KITCHEN", "LOYALTY", "ANALYTICS"):
        sqs.send_message(
            QueueUrl=os.environ[f"{team}_URL"],
            MessageBody=json.dumps(order),
            MessageGroupId=order["orderId"],
            MessageDeduplicationId=f"{order['orderId']}/{order['version']}",
        )
"""
READ_THE_STREAM = """\
KitchenFunction:
  Properties:
    Events:
      Shared: null
      Stream: &stream
        {Type: Kinesis, Properties: {Stream: !GetAtt OrdersStream.Arn, StartingPosition: TRIM_HORIZON}}
LoyaltyFunction: {Properties: {Events: {Shared: null, Stream: *stream}}}
AnalyticsFunction: {Properties: {Events: {Shared: null, Stream: *stream}}}
"""
KITCHEN_READS_THE_STREAM = READ_THE_STREAM.partition("LoyaltyFunction")[0]
_PARALLEL = "KitchenFunction: {Properties: {Events: {Stream: {Properties: {ParallelizationFactor: 10}}}}}\n"
_KITCHEN = "KitchenFunction: {Properties: {Events: {Stream: {Properties: {%s}}}}}\n"
TWO_AT_ONCE = _PARALLEL.replace("10", "2")
BIG_BATCHES = _KITCHEN % "BatchSize: 1000"
MORE_MEMORY = "KitchenFunction: {Properties: {MemorySize: 3008}}\n"
FOUR_SHARDS_TWO_AT_ONCE = "OrdersStream: {Properties: {ShardCount: 4}}\n" + _PARALLEL.replace("10", "4")
_BISECT, _TO_FAILED = (
    "BisectBatchOnFunctionError: true",
    ("DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt FailedQueue.Arn}}"),
)
CUT_AND_GIVE_UP = _KITCHEN % f"{_BISECT}, MaximumRetryAttempts: 8, {_TO_FAILED}"
ONLY_CUT = _KITCHEN % f"{_BISECT}, {_TO_FAILED}"
ONLY_GIVE_UP = _KITCHEN % f"MaximumRetryAttempts: 8, {_TO_FAILED}"
NO_PLACE = _KITCHEN % f"{_BISECT}, MaximumRetryAttempts: 8"
ONE_MORE_TRY = _KITCHEN % f"{_BISECT}, MaximumRetryAttempts: 1, {_TO_FAILED}"
ONE_HUNDRED_TRIES = _KITCHEN % f"{_BISECT}, MaximumRetryAttempts: 100, {_TO_FAILED}"
SHRUGS = """\
def handler(event, context):
    for order in orders_in(event):
        try:
            show(order)
        except Exception as error:
            print(f"skipped {order['orderId']}: {error}")
            continue
        done("kitchen", order)
"""
NAMES_THE_FIRST_FAILURE = """\
def handler(event, context):
    for record in event["Records"]:
        try:
            for order in orders_in({"Records": [record]}):
                show(order)
                done("kitchen", order)
        except Exception:
            return {"batchItemFailures": [{"itemIdentifier": record["kinesis"]["sequenceNumber"]}]}
"""
PARTIAL_ANSWERS = CUT_AND_GIVE_UP.replace(_BISECT, "FunctionResponseTypes: [ReportBatchItemFailures]")
_FORECAST = """\
ForecastFunction:
  Properties:
    Events:
      Stream: {Type: Kinesis, Properties: {Stream: !GetAtt OrdersStream.Arn, StartingPosition: %s}}
"""
TWO_DAYS = "OrdersStream: {Properties: {RetentionPeriodHours: 48}}\n"
FROM_THE_START = _FORECAST % "TRIM_HORIZON" + TWO_DAYS
FROM_NOW_ON = _FORECAST % "LATEST" + TWO_DAYS
ONE_DAY = _FORECAST % "TRIM_HORIZON"
FROM_THE_QUEUE = (
    "ForecastFunction: {Properties: {Events: {Queue: {Type: SQS, Properties: {Queue: !GetAtt OrdersQueue.Arn}}}}}\n"
)


_TEAMS = ("Kitchen", "Loyalty", "Analytics")


def _own_queues(fifo: bool) -> str:
    """A queue for each team, which the order service fills one after the other."""
    kind = "FifoQueue: true, " if fifo else ""
    text = ""
    for team in _TEAMS:
        text += f"{team}Queue: {{Type: AWS::SQS::Queue, Properties: {{{kind}VisibilityTimeout: 360}}}}\n"
        text += (
            f"{team}Function: {{Properties: {{Events: {{Shared: null, Own: "
            f"{{Type: SQS, Properties: {{Queue: !GetAtt {team}Queue.Arn}}}}}}}}}}\n"
        )
    variables = ", ".join(f"{team.upper()}_URL: !Ref {team}Queue" for team in _TEAMS)
    rights = [f"{{SQSSendMessagePolicy: {{QueueName: !GetAtt {team}Queue.QueueName}}}}" for team in _TEAMS]
    rights.append("{DynamoDBCrudPolicy: {TableName: !Ref OrdersTable}}")
    properties = f"Environment: {{Variables: {{{variables}}}}}, Policies: [{', '.join(rights)}]"
    return text + f"OrderFunction: {{Properties: {{{properties}}}}}\n"


OWN_QUEUES, OWN_FIFO_QUEUES = _own_queues(False), _own_queues(True)


def attempt(name: str, *fragments: str, tell: str = ON_THE_STREAM, kitchen: str = "") -> Attempt:
    """The working copy with these fragments merged into its template; "" leaves a file as it is at the start."""

    def prepare(session: LabSession) -> None:
        assert session.workspace is not None
        session.reset()
        for fragment in fragments:
            session.workspace.merge_template(fragment)
        for file, functions in (("tell.py", tell), ("kitchen.py", kitchen)):
            if functions:
                session.workspace.replace_functions(file, functions)
        session.deploy("mine")

    return Attempt(name, prepare)


SOLVED = attempt("solution", READ_THE_STREAM, _PARALLEL, CUT_AND_GIVE_UP, FROM_THE_START)

EVERYBODY_FLAWED = attempt("as it starts", tell="")
EVERYBODY_WRONG = (
    attempt("all on the queue, as before", tell=ON_THE_QUEUE),
    attempt("on the stream, and nobody reads it"),
    attempt("the kitchen reads the stream, the others share the queue", KITCHEN_READS_THE_STREAM, tell=ON_BOTH),
    attempt("a standard queue for each team", OWN_QUEUES, tell=ON_THREE_QUEUES),
)
KEEP_UP_FLAWED = attempt("one batch at a time", READ_THE_STREAM)
KEEP_UP_WRONG = (
    attempt("bigger batches", READ_THE_STREAM, BIG_BATCHES),
    attempt("more memory for the kitchen", READ_THE_STREAM, MORE_MEMORY),
    attempt("ten at once, and a key for each version", READ_THE_STREAM, _PARALLEL, tell=KEY_OF_ITS_OWN),
)
BROKEN_FLAWED = attempt("tries for ever", READ_THE_STREAM, _PARALLEL)
BROKEN_WRONG = (
    attempt("cuts, and never gives up", READ_THE_STREAM, _PARALLEL, ONLY_CUT),
    attempt("gives up whole batches", READ_THE_STREAM, _PARALLEL.replace("10", "1"), ONLY_GIVE_UP),
    attempt("gives up after one more try", READ_THE_STREAM, _PARALLEL, ONE_MORE_TRY),
    attempt("gives up after a hundred tries", READ_THE_STREAM, _PARALLEL, ONE_HUNDRED_TRIES),
    attempt("gives up, and keeps nothing", READ_THE_STREAM, _PARALLEL, NO_PLACE),
    attempt("catches every error", READ_THE_STREAM, _PARALLEL, CUT_AND_GIVE_UP, kitchen=SHRUGS),
)
NEW_READER_FLAWED = attempt("nobody reads for the forecast", READ_THE_STREAM, _PARALLEL, CUT_AND_GIVE_UP)
NEW_READER_WRONG = (
    attempt("reads from now on", READ_THE_STREAM, _PARALLEL, FROM_NOW_ON),
    attempt("reads from the start of a stream of one day", READ_THE_STREAM, _PARALLEL, ONE_DAY),
    attempt("reads the old queue", READ_THE_STREAM, _PARALLEL, FROM_THE_QUEUE),
)

# right in another way than the solution: the checks must not mind
ALSO_RIGHT = {
    "04-everybody": attempt("a FIFO queue for each team", OWN_FIFO_QUEUES, tell=ON_THREE_FIFO_QUEUES),
    "04-keep-up": attempt("four shards, four at once", READ_THE_STREAM, FOUR_SHARDS_TWO_AT_ONCE),
    "04-broken-record": attempt(
        "partial answers", READ_THE_STREAM, _PARALLEL, PARTIAL_ANSWERS, kitchen=NAMES_THE_FIRST_FAILURE
    ),
}
