from channel import send


def tell_customer(order_id, status):
    send(f"/orders/{order_id}", {"orderId": order_id, "status": status})
