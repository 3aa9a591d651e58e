"""The next service in the chain."""

import json
import os

import boto3
from botocore.config import Config

# No SDK retries: the first call may have worked, and calling again would charge again.
lambda_client = boto3.client("lambda", config=Config(read_timeout=60, retries={"total_max_attempts": 1}))


class ServiceError(Exception):
    """The next service failed."""


def call_next(order):
    response = lambda_client.invoke(
        FunctionName=os.environ["NEXT_FUNCTION"], Payload=json.dumps(order).encode()
    )
    answer = json.load(response["Payload"])
    if "FunctionError" in response:
        raise ServiceError(f"{os.environ['NEXT_FUNCTION']}: {answer.get('errorMessage')}")
    return answer
