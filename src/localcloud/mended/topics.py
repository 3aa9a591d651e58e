"""The attributes of topics that moto keeps and does not show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.utils import camelcase_to_underscores
from moto.sns.models import sns_backends

from localcloud.api import ApiCall
from localcloud.services.sns.confirmations import is_pending

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_FEEDBACK = tuple(
    f"{protocol}{kind}"
    for protocol in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
    for kind in ("FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate")
)
_SHOWN = ("ArchivePolicy", "FifoThroughputScope", "MaximumMessageSize", "SignatureVersion", "TracingConfig", *_FEEDBACK)


class TopicAttributes:
    """Answers GetTopicAttributes."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def install(self) -> None:
        """Take the operation over from moto, which still does most of the work."""
        self._cloud.api.register("sns", "GetTopicAttributes", self._get)

    def _get(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        backend = sns_backends[self._cloud.account_id][self._cloud.region]
        topic = backend.topics[call.params["TopicArn"]]
        shown = {name: vars(topic).get(camelcase_to_underscores(name)) for name in _SHOWN}
        attributes = {**answer["Attributes"], **{name: str(value) for name, value in shown.items() if value}}
        pending = [is_pending(found) for found in backend.subscriptions.values() if found.topic is topic]
        attributes["SubscriptionsPending"] = str(sum(pending))
        attributes["SubscriptionsConfirmed"] = str(len(pending) - sum(pending))
        if not attributes.get("DeliveryPolicy"):  # SNS shows only the policy in force
            attributes.pop("DeliveryPolicy", None)
        return {**answer, "Attributes": attributes}
