"""Tells the teams of an order: a FIFO topic copies it into a FIFO queue for each of them, order by order."""

import json
import os

import boto3

sns = boto3.client("sns")


def tell(order):
    sns.publish(
        TopicArn=os.environ["TOPIC_ARN"],
        Message=json.dumps(order),
        MessageGroupId=order["orderId"],
        MessageDeduplicationId=f"{order['orderId']}/{order['version']}",
    )
