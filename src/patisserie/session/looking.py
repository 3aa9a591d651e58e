"""Looking at what an architecture holds, and at what it has logged."""

from __future__ import annotations

from typing import Any

from localcloud.spans import Span
from patisserie.load import ACCEPTED, Outcome
from patisserie.measure import FunctionsUse, functions_use
from patisserie.reports import Report, Trouble, reports, troubles
from patisserie.session.deploying import Deploying
from patisserie.session.standing import plainly
from patisserie.targets import TargetError


class Looking(Deploying):
    """A session that can look at what happened."""

    @plainly
    def stored_orders(self, name: str) -> dict[str, dict[str, Any]]:
        """What the table of an architecture holds of every order, by its id, in DynamoDB's own form."""
        table = self.output(name, "OrdersTable")
        pages = self.target.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        return {item["orderId"]["S"]: item for page in pages for item in page["Items"]}

    def order_status(self, name: str) -> dict[str, str]:
        """The status of every stored order, by its id."""
        return {
            order_id: item["status"]["S"] for order_id, item in self.stored_orders(name).items() if "status" in item
        }

    def measured_orders(self, name: str) -> dict[str, dict[str, Any]]:
        """Those stored orders that were placed since the last measurement of an architecture began."""
        since_ms = self.measured_ms(name)
        return {
            order_id: item
            for order_id, item in self.stored_orders(name).items()
            if int(item.get("placedAt", {"N": "0"})["N"]) >= since_ms
        }

    def paid_after_ms(self, name: str) -> tuple[float, ...]:
        """How long each paid order of the last measurement waited for its payment, by the times in the table."""
        paid = (item for item in self.measured_orders(name).values() if "paidAt" in item)
        return tuple(float(item["paidAt"]["N"]) - float(item["placedAt"]["N"]) for item in paid)

    def unfinished(self, name: str, outcomes: tuple[Outcome, ...]) -> int:
        """How many accepted orders are not confirmed: promised to the customer and not kept."""
        status = self.order_status(name)
        return sum(o.kind == ACCEPTED and status.get(o.order_id) != "CONFIRMED" for o in outcomes)

    @plainly
    def reports(self, name: str) -> list[Report]:
        """Every REPORT line of an architecture's functions, oldest first."""
        return reports(self.target.client("logs"), self._standing(name))

    @plainly
    def troubles(self, name: str, since_ms: int = 0) -> list[Trouble]:
        """What an architecture's functions have complained about since that Unix time, the most frequent first."""
        return troubles(self.target.client("logs"), self._standing(name), since_ms)

    @plainly
    def functions(self, name: str) -> FunctionsUse:
        """What each function of an architecture did since its last measurement began, from the REPORT lines."""
        stack = self._standing(name)
        found = reports(self.target.client("logs"), stack, self.measured_ms(name))
        return functions_use(name, found, stack)

    @plainly
    def partner_calls(self, partner: str, since_ms: int = 0) -> int:
        """How often a partner ("Messaging") was called since that Unix time in milliseconds, as its own log says."""
        stack = self._partners()
        names = [r.physical_id for r in stack.resources if r.logical_id == f"{partner}Function"]
        return sum(report.function in names for report in reports(self.target.client("logs"), stack, since_ms))

    def slowest_trace(self, name: str, to_the_end: bool = False) -> tuple[Span, ...]:
        """Every span of the order that took the longest: until its answer or, `to_the_end`, until nothing more came.

        The simulation knows them; AWS needs X-Ray for that.
        Raises TargetError on AWS, and when no order has been placed.
        """
        cloud = getattr(self.target, "cloud", None)
        if cloud is None:
            raise TargetError("Exact traces are the simulation's; on AWS switch X-Ray tracing on and look there.")
        api = self._standing(name).physical_ids("AWS::ApiGatewayV2::Api")[0]
        requests = cloud.tracer.spans(service="apigateway", resource=api)
        if not requests:
            raise TargetError(f"No order has been sent to {name!r} yet; measure it first.")

        def took_us(request: Span) -> int:
            if not to_the_end:
                return request.duration_us
            return max(int(span.end_us) for span in cloud.tracer.trace(request.trace_id)) - request.start_us

        slowest = max(requests, key=lambda span: (took_us(span), -span.span_id))
        found: tuple[Span, ...] = cloud.tracer.trace(slowest.trace_id)
        return found
