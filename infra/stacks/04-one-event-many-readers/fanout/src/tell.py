"""Tells the teams of an order: a topic copies it into a queue for each of them."""

import json
import os

import boto3

sns = boto3.client("sns")


def tell(order):
    sns.publish(TopicArn=os.environ["TOPIC_ARN"], Message=json.dumps(order))
