"""Letting the bakery's partners fail for a while."""

from __future__ import annotations

from collections.abc import Callable

from patisserie.session.deploying import Deploying
from patisserie.session.standing import plainly


class Breaking(Deploying):
    """A session that can break what the bakery does not own."""

    @plainly
    def payment_outage(self, from_s: float, minutes: float) -> None:
        """From `from_s` seconds from now the payment provider answers 503 to everybody, for `minutes`."""
        self._outage("PaymentFunction", from_s, minutes)

    @plainly
    def messaging_outage(self, from_s: float, minutes: float) -> None:
        """The same for the provider of messages to customers."""
        self._outage("MessagingFunction", from_s, minutes)

    @plainly
    def kitchen_outage(self, from_s: float, minutes: float) -> None:
        """The same for the vendor of the kitchen's screens."""
        self._outage("KitchenFunction", from_s, minutes)

    @plainly
    def analytics_outage(self, from_s: float, minutes: float) -> None:
        """The same for the analytics warehouse."""
        self._outage("AnalyticsFunction", from_s, minutes)

    def _outage(self, partner: str, from_s: float, minutes: float) -> None:
        partners = self._partners()
        function = next(r.physical_id for r in partners.resources if r.logical_id == partner)

        def switch(state: str) -> Callable[[], None]:
            def change() -> None:
                client = self.target.client("lambda")
                config = client.get_function_configuration(FunctionName=function)
                variables = {**config["Environment"]["Variables"], "OUTAGE": state}
                client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})

            return change

        now_s = self.target.now_s()
        self.target.spawn_at(now_s + from_s, switch("on"))
        self.target.spawn_at(now_s + from_s + minutes * 60, switch("off"))
