"""Tells the teams of an order."""

import json
import os

import boto3

kinesis = boto3.client("kinesis")
sqs = boto3.client("sqs")


def tell(order):
    kinesis.put_record(StreamName=os.environ["STREAM"], Data=json.dumps(order), PartitionKey=order["orderId"])
