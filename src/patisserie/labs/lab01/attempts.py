"""What learners write, right and wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.labs.lab import Attempt

if TYPE_CHECKING:
    from patisserie.session import LabSession

MOVE_ORDERS = """\
ShopFunction: {Properties: {Events: {Place: null}}}
OrdersFunction:
  Properties:
    Events:
      Place: {Type: HttpApi, Properties: {ApiId: !Ref OrdersApi, Path: /orders, Method: POST}}
"""
HAND_OVER = """\
def after_payment(order):
    hand_over("NOTIFICATIONS", order)
    hand_over("SALES", order)
"""
HANDS_ONE_OVER = """\
def after_payment(order):
    hand_over("NOTIFICATIONS", order)
"""
WAITS_FOR_BOTH = """\
def after_payment(order):
    for domain in ("NOTIFICATIONS", "SALES"):
        functions.invoke(FunctionName=os.environ[f"HAND_OVER_{domain}"], Payload=json.dumps(order))
"""
WAITING_CLIENT = 'functions = boto3.client("lambda")\n\n\n' + WAITS_FOR_BOTH
CATCHES_IN_PLACE = """\
def after_payment(order):
    for tell in (notify, record_sale):
        try:
            tell(order)
        except Exception as error:
            print(json.dumps({"level": "ERROR", "orderId": order["orderId"], "error": str(error)}))
"""
SIZES = """\
OrdersFunction: {Properties: {MemorySize: 512, Timeout: 15}}
NotificationsFunction: {Properties: {MemorySize: 128, Timeout: 15}}
SalesFunction: {Properties: {MemorySize: 128, Timeout: 15}}
ShopFunction: {Properties: {MemorySize: 1769}}
"""
SMALL_EVERYWHERE = SIZES.replace("512", "128").replace("1769", "128")
SMALL_REPORTS = SIZES.replace("1769", "512")
HALF_AS_BIG = SIZES.replace("512", "1024").replace("128", "1024")
IMPATIENT = SIZES.replace("Timeout: 15", "Timeout: 2")
OWN_REPORTS = """\
ShopFunction: null
ReportsFunction:
  Type: AWS::Serverless::Function
  Properties:
    CodeUri: src/reports/
    Handler: reports.handler
    MemorySize: 1769
    Environment: {Variables: {SALES_TABLE: !Ref SalesTable}}
    Policies: [{DynamoDBReadPolicy: {TableName: !Ref SalesTable}}]
    Events: {Ask: {Type: HttpApi, Properties: {ApiId: !Ref OrdersApi, Path: /reports, Method: POST}}}
"""
ORDERS_TABLE_REPORTS = OWN_REPORTS.replace("SALES_TABLE: !Ref SalesTable", "SALES_TABLE: !Ref OrdersTable").replace(
    "TableName: !Ref SalesTable", "TableName: !Ref OrdersTable"
)
NO_RIGHT_TO_READ = OWN_REPORTS.replace("    Policies: [{DynamoDBReadPolicy: {TableName: !Ref SalesTable}}]\n", "")
REPORTS_BESIDE_THE_SHOP = OWN_REPORTS.replace("ShopFunction: null", "ShopFunction: {Properties: {Events: {Ask: null}}}")
MONTHS_SALES = """\
def sales():
    return every_page(table.query, KeyConditionExpression=Key("month").eq(time.strftime("%Y-%m")))
"""
EVERY_ORDER = """\
def sales():
    return every_page(table.scan)
"""


def _attempt(
    name: str,
    *,
    move: str = MOVE_ORDERS,
    orders: str = HAND_OVER,
    shop: str = "",
    sizes: str = SIZES,
    reports: str = "",
    facts: str = "",
) -> Attempt:
    """The working copy with these pieces in place; "" leaves one as it is at the start."""

    def prepare(session: LabSession) -> None:
        assert session.workspace is not None
        session.reset()
        for fragment in (move, sizes, reports):
            if fragment:
                session.workspace.merge_template(fragment)
        for file, functions in (("orders/orders.py", orders), ("shop/orders.py", shop), ("reports/facts.py", facts)):
            if functions:
                session.workspace.replace_functions(file, functions)
        session.deploy("mine")

    return Attempt(name, prepare)


SOLVED = _attempt("solution", reports=OWN_REPORTS, facts=MONTHS_SALES)

CONTAIN_FLAWED = _attempt("as it starts", move="", orders="", sizes="")
CONTAIN_WRONG = (
    _attempt("moves the orders and tells nobody", orders="", sizes=""),
    _attempt("hands over to the notifications only", orders=HANDS_ONE_OVER, sizes=""),
    _attempt("calls the other functions and waits", orders=WAITING_CLIENT, sizes=""),
    _attempt("catches the error where it is", move="", orders="", shop=CATCHES_IN_PLACE, sizes=""),
    _attempt("hands over, but customers still go to the shop", move="", sizes=""),
)
SIZE_FLAWED = _attempt("all as big as the shop was", sizes="")
SIZE_WRONG = (
    _attempt("as small as possible, all of them", sizes=SMALL_EVERYWHERE),
    _attempt("the reports as big as the orders", sizes=SMALL_REPORTS),
    _attempt("half as big, all of them", sizes=HALF_AS_BIG),
    _attempt("right sizes, and two seconds for everything", sizes=IMPATIENT),
)
RELEASE_FLAWED = _attempt("the old package makes the reports")
RELEASE_WRONG = (
    _attempt("a package of its own, the orders' table", reports=ORDERS_TABLE_REPORTS, facts=EVERY_ORDER),
    _attempt("nobody lets it read its table", reports=NO_RIGHT_TO_READ, facts=MONTHS_SALES),
    _attempt("the old shop stays beside it", reports=REPORTS_BESIDE_THE_SHOP, facts=MONTHS_SALES),
    _attempt("the old shop goes, and nobody makes reports", reports="ShopFunction: null\n"),
)
