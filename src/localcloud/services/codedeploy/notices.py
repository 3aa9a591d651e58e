"""Whom CodeDeploy tells of a deployment: the topics of its group's triggers, and the default event bus."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.services.codedeploy.deployment import Deployment

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

START, SUCCESS, FAILURE, STOP, ROLLBACK = "Start", "Success", "Failure", "Stop", "Rollback"
_STAMP = "%a %b %d %H:%M:%S UTC %Y"


class Notices:
    """Sends them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def tell(self, deployment: Deployment, what: str) -> None:
        """`what` is Start, Success, Failure, Stop or Rollback."""
        info, group = deployment.info, deployment.info.deployment_group
        for trigger in group.trigger_configurations:
            if f"Deployment{what}" in trigger.get("triggerEvents", ()):
                self._publish(deployment, trigger)
        if what == ROLLBACK:  # a deployment of its own, which has its own states
            return
        region, account_id = self._cloud.region, self._cloud.account_id
        arn = f"arn:aws:codedeploy:{region}:{account_id}"
        detail = {
            "region": region,
            "deploymentId": deployment.id,
            "instanceGroupId": group.deployment_group_id,
            "deploymentGroup": info.deployment_group_name,
            "state": what.upper(),
            "application": info.application_name,
        }
        self._cloud.events.publish(
            {
                "Source": "aws.codedeploy",
                "DetailType": "CodeDeploy Deployment State-change Notification",
                "Detail": json.dumps(detail),
                "Resources": [
                    f"{arn}:deploymentgroup:{info.application_name}/{info.deployment_group_name}",
                    f"{arn}:application:{info.application_name}",
                ],
            }
        )

    def _publish(self, deployment: Deployment, trigger: Any) -> None:
        described = deployment.described()
        message = {
            "region": self._cloud.region,
            "accountId": self._cloud.account_id,
            "eventTriggerName": trigger["triggerName"],
            "applicationName": described["applicationName"],
            "deploymentId": deployment.id,
            "deploymentGroupName": described["deploymentGroupName"],
            "createTime": _stamp(described["createTime"]),
            "completeTime": _stamp(described.get("completeTime")),
            "deploymentOverview": json.dumps(described["deploymentOverview"]),
            "status": described["status"].upper(),
            "errorInformation": json.dumps(described.get("errorInformation") or {}),
            "rollbackInformation": json.dumps(described.get("rollbackInfo") or {}),
        }
        subject = f"{message['status']}: AWS CodeDeploy {deployment.id} in {self._cloud.region}"
        params = {"TopicArn": trigger["triggerTargetArn"], "Subject": subject[:100], "Message": json.dumps(message)}
        try:
            self._cloud.api.direct("sns", "Publish", params)
        except ApiError:
            return  # the topic is gone; the deployment goes on


def _stamp(at: datetime | None) -> str | None:
    return at.strftime(_STAMP) if at is not None else None
