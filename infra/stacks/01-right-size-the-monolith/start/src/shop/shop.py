"""Everything the shop does, in one function."""

from orders import place
from reports import make_report


def handler(event, context):
    if event["routeKey"] == "POST /reports":
        return make_report()
    return place(event)
