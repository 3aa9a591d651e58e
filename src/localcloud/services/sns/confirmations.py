"""HTTP and HTTPS endpoints confirm that they want a topic's messages, and get none before.

Whoever reads the token that SNS posts to the endpoint confirms with it: by ConfirmSubscription, or by a visit to the
SubscribeURL of the message. A subscription that nobody confirms is gone after the days for which its token is valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote
from xml.sax.saxutils import escape

from moto.sns.models import sns_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.sns.messages import Confirmation

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.cloud import Cloud

WAITING = ("http", "https")
_PENDING = "PendingConfirmation"
_NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"
_DAY_US = 86_400_000_000
_TOKEN_BITS = 1_024


@dataclass(frozen=True, slots=True)
class _Token:
    subscription_arn: str
    topic_arn: str
    until_us: int


class Confirmations:
    """Those of one account. `send(subscription, confirmation)` brings a message to an endpoint."""

    def __init__(self, cloud: Cloud, send: Callable[[Any, Confirmation], None]) -> None:
        self._cloud = cloud
        self._send = send
        self._tokens: dict[str, _Token] = {}
        self._stream = cloud.kernel.streams["sns/tokens"]
        self._valid_us = int(cloud.facts.value("quota.sns.confirmation_days")) * _DAY_US
        self._host = f"sns.{cloud.region}.amazonaws.com"

    def install(self) -> None:
        """Answer what shows, confirms and ends subscriptions."""
        register = self._cloud.api.register
        register("sns", "ConfirmSubscription", self._confirm_api)
        register("sns", "ListSubscriptions", self._list)
        register("sns", "ListSubscriptionsByTopic", self._list)
        self._cloud.http.serve(self._host, self._visited)

    @cached_property
    def _subscriptions(self) -> Any:
        return sns_backends[self._cloud.account_id][self._cloud.region].subscriptions

    def ask(self, subscription: Any) -> None:
        """Send a token to the endpoint. The subscription is pending until it comes back."""
        attributes = subscription.attributes
        attributes[_PENDING], attributes["ConfirmationWasAuthenticated"] = "true", "false"
        token = f"{self._stream.getrandbits(_TOKEN_BITS):0{_TOKEN_BITS // 4}x}"
        kernel = self._cloud.kernel
        self._tokens[token] = _Token(subscription.arn, subscription.topic.arn, kernel.unix_us + self._valid_us)
        url = (
            f"https://{self._host}/?Action=ConfirmSubscription&TopicArn={quote(subscription.topic.arn, safe=':')}"
            f"&Token={token}"
        )
        self._send(
            subscription, Confirmation(uuid4_text(self._stream), subscription.topic.arn, token, url, kernel.unix_us)
        )
        kernel.call_in_background(kernel.now_us + self._valid_us, self._expire, token)

    def _expire(self, token: str) -> None:
        given = self._tokens.pop(token)
        subscription = self._subscriptions.get(given.subscription_arn)
        newer = any(other.subscription_arn == given.subscription_arn for other in self._tokens.values())
        if subscription is not None and is_pending(subscription) and not newer:
            del self._subscriptions[given.subscription_arn]

    # -- confirming --------------------------------------------------------------------------

    def _confirm(self, topic_arn: str, token: str, authenticated: bool) -> str:
        """The ARN of the subscription, which is confirmed now. Raises ApiError."""
        given = self._tokens.get(token)
        if topic_arn not in sns_backends[self._cloud.account_id][self._cloud.region].topics:
            raise ApiError("NotFound", "Topic does not exist", 404, Type="Sender")
        subscription = None if given is None else self._subscriptions.get(given.subscription_arn)
        if given is None or given.topic_arn != topic_arn or subscription is None:
            raise ApiError("InvalidParameter", "Invalid parameter: Token", 400, Type="Sender")
        if is_pending(subscription):
            subscription.attributes[_PENDING] = "false"
            subscription.attributes["ConfirmationWasAuthenticated"] = str(authenticated).lower()
        return given.subscription_arn

    def _confirm_api(self, call: ApiCall) -> dict[str, Any]:
        authenticated = str(call.params.get("AuthenticateOnUnsubscribe", "false")).lower() == "true"
        return {"SubscriptionArn": self._confirm(call.params["TopicArn"], call.params["Token"], authenticated)}

    def _visited(self, request: HttpRequest) -> HttpResponse:
        """A visit to the SubscribeURL or the UnsubscribeURL of a message."""
        asked = {name: values[-1] for name, values in parse_qs(request.query).items()}
        action = asked.get("Action")
        try:
            if action == "ConfirmSubscription":
                arn = self._confirm(asked.get("TopicArn", ""), asked.get("Token", ""), authenticated=False)
                return self._answer(action, f"<SubscriptionArn>{escape(arn)}</SubscriptionArn>")
            if action == "Unsubscribe":
                self._end(asked.get("SubscriptionArn", ""))
                return self._answer(action, "")
            raise ApiError("InvalidAction", f"Could not find operation {action} for version 2010-03-31", 400)
        except ApiError as exc:
            body = (
                f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{exc.code}</Code>'
                f"<Message>{escape(exc.message)}</Message></Error>{self._request_id(False)}</ErrorResponse>"
            )
            return HttpResponse(exc.status, {"content-type": "text/xml"}, body.encode())

    def _end(self, arn: str) -> None:
        """Whoever has the link may unsubscribe, unless the confirmation was authenticated."""
        subscription = self._subscriptions.get(arn)
        if subscription is None:
            raise ApiError("NotFound", "Subscription does not exist", 404)
        if str(subscription.attributes.get("ConfirmationWasAuthenticated")).lower() == "true":
            raise ApiError("AuthorizationError", "Unauthenticated requests cannot unsubscribe", 403)
        del self._subscriptions[arn]

    def _answer(self, action: str, result: str) -> HttpResponse:
        inner = f"<{action}Result>{result}</{action}Result>" if result else ""
        body = f'<{action}Response xmlns="{_NAMESPACE}">{inner}{self._request_id(True)}</{action}Response>'
        return HttpResponse(200, {"content-type": "text/xml"}, body.encode())

    def _request_id(self, wrapped: bool) -> str:
        found = f"<RequestId>{uuid4_text(self._stream)}</RequestId>"
        return f"<ResponseMetadata>{found}</ResponseMetadata>" if wrapped else found

    # -- shown -------------------------------------------------------------------------------

    def _list(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        shown = [
            {**found, "SubscriptionArn": _PENDING} if self._is_pending(found["SubscriptionArn"]) else found
            for found in answer["Subscriptions"]
        ]
        return {**answer, "Subscriptions": shown}

    def _is_pending(self, arn: str) -> bool:
        subscription = self._subscriptions.get(arn)
        return subscription is not None and is_pending(subscription)


def is_pending(subscription: Any) -> bool:
    """Whether its endpoint has not confirmed it yet."""
    return str(subscription.attributes.get(_PENDING)).lower() == "true"
