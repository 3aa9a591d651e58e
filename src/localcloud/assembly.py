"""Puts the parts of a cloud together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud import mended
from localcloud.api import Api, clients, resource_actions, retries, table_resources
from localcloud.api.moto_direct import MotoDirect
from localcloud.facts import Facts
from localcloud.faults import Faults
from localcloud.latency import Latency
from localcloud.metering import Meter
from localcloud.net import HttpPlane, httpx, sockets
from localcloud.runtime.instrumentation import outgoing_header
from localcloud.services.agentcore import AgentCore
from localcloud.services.appsync_events import AppSyncEvents
from localcloud.services.bedrock import Bedrock
from localcloud.services.billing import Billing
from localcloud.services.budgets import Budgets
from localcloud.services.cloudwatch import CloudWatch
from localcloud.services.cost_explorer import CostExplorer
from localcloud.services.dynamodb import DynamoDBStreams, ItemOperations, TableStorage, TimeToLive
from localcloud.services.event_source_mappings import EventSourceMappings
from localcloud.services.events import EventBridge
from localcloud.services.http_api import FunctionUrls, HttpApi
from localcloud.services.iam import HandedRoles, Iam
from localcloud.services.kinesis import Kinesis
from localcloud.services.lambda_ import Lambda
from localcloud.services.log_insights import LogInsights
from localcloud.services.log_processing import LogProcessing
from localcloud.services.logs import Logs
from localcloud.services.pipes import Pipes
from localcloud.services.s3 import S3Notifications, S3Requests
from localcloud.services.scheduler import Scheduler
from localcloud.services.sns import SNS
from localcloud.services.sqs import SQS
from localcloud.services.states import StepFunctions
from localcloud.services.xray import XRay
from localcloud.spans import Tracer
from localcloud.stacks import CloudFormation
from localcloud.stores.dynamodb import StreamLogs, Tables

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


def assemble(cloud: Cloud) -> None:
    """Give `cloud` its services, in the order in which they need each other."""
    clients.install(cloud.patches)
    resource_actions.install(cloud.patches)
    table_resources.install(cloud.patches)
    retries.install(cloud.kernel, cloud.patches)
    cloud.facts = Facts.load()
    cloud.latency = Latency(cloud.facts, cloud.kernel.streams)
    cloud.meter = Meter()
    cloud.tracer = Tracer(cloud.kernel, cloud.kernel.streams["tracer"])
    cloud.api = Api(cloud.kernel, MotoDirect(cloud.account_id, cloud.region), cloud.latency.api_us, cloud.tracer)
    cloud.api.install(cloud.patches)
    cloud.api.outgoing_header = outgoing_header
    cloud.http = HttpPlane(cloud.kernel)
    sockets.install(cloud.kernel, cloud.http, cloud.patches)
    cloud.on_stop(sockets.bypass_mock(cloud.kernel, cloud.http))
    cloud.on_stop(httpx.install(cloud.kernel, cloud.http, cloud.patches))
    mended.install(cloud)
    cloud.iam = Iam(cloud, cloud.enforce_iam)
    cloud.iam.install()
    cloud.logs = Logs(cloud)
    cloud.logs.install()
    cloud.cloudwatch = CloudWatch(cloud)
    cloud.cloudwatch.install()
    streams = StreamLogs(lambda: cloud.kernel.unix_us)
    tables = Tables(streams)
    tables.install(cloud.patches)
    ItemOperations(cloud, tables).install()
    TimeToLive(cloud, streams).install()
    TableStorage(cloud, tables).install()
    S3Requests(cloud).install()
    cloud.dynamodb_streams = DynamoDBStreams(cloud, streams)
    cloud.dynamodb_streams.install()
    cloud.log_processing = LogProcessing(cloud)
    cloud.log_processing.install()
    cloud.log_insights = LogInsights(cloud)
    cloud.log_insights.install()
    cloud.kinesis = Kinesis(cloud)
    cloud.kinesis.install()
    cloud.sqs = SQS(cloud)
    cloud.sqs.install()
    if cloud.enforce_iam:
        HandedRoles(cloud).install()
    cloud.lambda_ = Lambda(cloud)
    cloud.lambda_.install()
    cloud.sns = SNS(cloud)
    cloud.sns.install()
    cloud.event_source_mappings = EventSourceMappings(cloud)
    cloud.event_source_mappings.install()
    cloud.events = EventBridge(cloud)
    cloud.events.install()
    cloud.step_functions = StepFunctions(cloud)
    cloud.step_functions.install()
    Scheduler(cloud).install()
    S3Notifications(cloud).install()
    Pipes(cloud).install()
    cloud.faults = Faults(cloud)
    cloud.faults.install()
    cloud.http_api = HttpApi(cloud)
    cloud.http_api.install()
    FunctionUrls(cloud).install()
    cloud.appsync_events = AppSyncEvents(cloud)
    cloud.appsync_events.install()
    cloud.billing = Billing(cloud)
    cloud.billing.install()
    CostExplorer(cloud).install()
    cloud.budgets = Budgets(cloud)
    cloud.budgets.install()
    cloud.xray = XRay(cloud)
    cloud.xray.install()
    cloud.bedrock = Bedrock(cloud)
    cloud.bedrock.install()
    cloud.agentcore = AgentCore(cloud)
    cloud.agentcore.install()
    cloud.cloudformation = CloudFormation(cloud)
    cloud.cloudformation.install()
    cloud.api.when_called("apigateway", lambda: _rest_apis(cloud))
    cloud.api.when_called("application-autoscaling", lambda: _auto_scaling(cloud))
    cloud.api.when_called("codedeploy", lambda: _codedeploy(cloud))


# What moto has of these two brings half a second of imports with it, which every process would pay for.


def _rest_apis(cloud: Cloud) -> None:
    from localcloud.services.rest_api import RestApis, RestApiSettings

    RestApiSettings(cloud).install()
    RestApis(cloud).install()


def _auto_scaling(cloud: Cloud) -> None:
    from localcloud.services.application_auto_scaling import ApplicationAutoScaling

    ApplicationAutoScaling(cloud).install()


def _codedeploy(cloud: Cloud) -> None:  # which hardly anybody asks for
    from localcloud.services.codedeploy import CodeDeploy

    CodeDeploy(cloud).install()
