"""How an order is kept."""

import json


def item_of(order, payment):
    return {
        "orderId": order["orderId"],
        "customer": order["customer"],
        "lines": json.dumps(order["items"]),  # one text takes less room than a list of maps
        "total": {"cents": order["cents"], "currency": "EUR"},
        "payment": payment,
        "status": "CONFIRMED",
    }
