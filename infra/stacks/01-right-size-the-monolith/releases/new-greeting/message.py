"""What customers are told."""

GREETINGS = {
    "croissant": "Have you tried them with our jam?",
    "pain-au-chocolat": "Best within the hour.",
    "eclair": "Keep it cool.",
    "tarte-citron": "Keep it cool.",
    "baguette": "Still warm when you come.",
}


def message_for(order):
    hints = [GREETINGS[item["sku"]] for item in order["items"]]
    return f"Merci! Your order {order['orderId']} is in the oven. {hints[0]}"
