"""The flour forecast, a team that is new: how many kinds of things were ordered, for each order the newest version."""

import os

import boto3
from boto3.dynamodb.conditions import Attr
from readings import done
from records import orders_in

flour = boto3.resource("dynamodb").Table(os.environ["FLOUR_TABLE"])


def handler(event, context):
    for order in orders_in(event):
        count(order)
        done("forecast", order)


def count(order):
    item = {"orderId": order["orderId"], "version": order["version"], "kinds": len(order["items"])}
    try:
        flour.put_item(Item=item, ConditionExpression=Attr("version").not_exists() | Attr("version").lt(item["version"]))
    except flour.meta.client.exceptions.ConditionalCheckFailedException:
        pass  # a newer one has come before
