"""Takes an order over HTTP and does everything itself before it answers."""

import json
import os
import uuid

import boto3
from partners import post
from workload import compute

dynamodb = boto3.resource("dynamodb")
orders = dynamodb.Table(os.environ["ORDERS_TABLE"])
stock = dynamodb.Table(os.environ["STOCK_TABLE"])


def handler(event, context):
    order = json.loads(event["body"])
    order["orderId"] = str(uuid.uuid4())
    orders.put_item(Item={"orderId": order["orderId"], "items": order["items"], "status": "RECEIVED"})
    try:
        charge(order)
        book_stock(order)
        post(os.environ["KITCHEN_URL"], {"orderId": order["orderId"], "items": order["items"]}, order["orderId"])
        post(os.environ["MESSAGING_URL"], {"to": order["customer"], "text": "Merci!"}, order["orderId"])
        post(os.environ["ANALYTICS_URL"], {"orderId": order["orderId"]}, order["orderId"])
    except Exception as error:
        print(json.dumps({"level": "ERROR", "orderId": order["orderId"], "error": str(error)}))
        set_status(order["orderId"], "FAILED")
        return {"statusCode": 502, "body": json.dumps({"message": "We could not take your order."})}
    set_status(order["orderId"], "CONFIRMED")
    return {"statusCode": 200, "body": json.dumps({"orderId": order["orderId"], "status": "CONFIRMED"})}


def charge(order):
    cents = sum(item["cents"] * item["quantity"] for item in order["items"])
    post(os.environ["PAYMENT_URL"], {"orderId": order["orderId"], "cents": cents}, order["orderId"])


def book_stock(order):
    compute(200)  # works out which oven batch serves each item
    for item in order["items"]:
        stock.update_item(
            Key={"sku": item["sku"]},
            UpdateExpression="ADD sold :quantity",
            ExpressionAttributeValues={":quantity": item["quantity"]},
        )


def set_status(order_id, status):
    orders.update_item(
        Key={"orderId": order_id},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": status},
    )
