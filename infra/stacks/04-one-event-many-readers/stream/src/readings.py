"""Who was done with what, and when: for the measurement, not for the teams."""

import os
import time

import boto3

table = boto3.resource("dynamodb").Table(os.environ["READINGS_TABLE"])


def done(team, order):
    """Note that a team is done with a version of an order. Being done with it twice is noted twice."""
    now_us = time.time_ns() // 1000
    version = f"{order['orderId']}/{order['version']}"
    table.put_item(Item={"team": team, "reading": f"{version}/{now_us}", "toldAt": order["toldAt"], "doneAt": now_us})
