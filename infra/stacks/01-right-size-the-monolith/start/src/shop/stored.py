"""How an order is kept."""


def item_of(order, payment):
    return {
        "orderId": order["orderId"],
        "customer": order["customer"],
        "items": order["items"],
        "cents": order["cents"],
        "payment": payment,
        "status": "CONFIRMED",
    }
