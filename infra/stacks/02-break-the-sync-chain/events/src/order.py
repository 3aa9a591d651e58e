from events import publish
from shop import answer, read_order, store


def handler(event, context):
    order = read_order(event)
    store(order)
    publish("bakery.orders", "OrderPlaced", order)
    return answer(202, order, "RECEIVED")
