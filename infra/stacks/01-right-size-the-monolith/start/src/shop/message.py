"""What customers are told."""


def message_for(order):
    return f"Merci! Your order {order['orderId']} is in the oven."
