"""Tells the teams of an order: all of them read one queue."""

import json
import os

import boto3

sqs = boto3.client("sqs")


def tell(order):
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(order))
