"""The whole shop in one function: take an order, look an order up."""

import json
import os
import uuid

import boto3

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])

MENU_CENTS = {
    "croissant": 190, "pain-au-chocolat": 220, "eclair": 390, "tarte-citron": 450, "paris-brest": 520, "baguette": 140,
}


def handler(event, context):
    if event["routeKey"].startswith("GET"):
        return look_up(event["pathParameters"]["orderId"])
    return place(json.loads(event["body"]))


def place(order):
    unknown = [item["sku"] for item in order["items"] if item["sku"] not in MENU_CENTS]
    if unknown:
        return reply(400, {"message": f"Not on the menu: {', '.join(unknown)}"})
    item = {
        "orderId": str(uuid.uuid4()),
        "customer": order["customer"],
        "phone": order["phone"],  # Amélie calls to take the payment
        "items": order["items"],
        "cents": sum(MENU_CENTS[item["sku"]] * item["quantity"] for item in order["items"]),
        "status": "RECEIVED",
    }
    orders.put_item(Item=item)
    print(json.dumps({"level": "INFO", "message": "order received", "orderId": item["orderId"]}))
    return reply(201, {"orderId": item["orderId"], "cents": item["cents"]})


def look_up(order_id):
    found = orders.get_item(Key={"orderId": order_id}).get("Item")
    if found is None:
        return reply(404, {"message": f"No order {order_id}"})
    return reply(200, {"orderId": order_id, "status": found["status"], "cents": int(found["cents"])})


def reply(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
