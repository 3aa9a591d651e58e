"""The report that each bakery's office prints."""

import json

from facts import sales
from layout import lay_out


def make_report():
    found = sales()
    pages = lay_out(found)
    cents = sum(int(sale["cents"]) for sale in found)
    return {"statusCode": 200, "body": json.dumps({"orders": len(found), "cents": cents, "pages": pages})}
