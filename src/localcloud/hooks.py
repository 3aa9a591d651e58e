"""Every private thing of another library that the local cloud leans on.

One line each, so that an upgrade that moves one of them fails in one clear test
(`tests/localcloud/test_hooks.py`) instead of somewhere deep in a run.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Hook:
    """`target` is "module:attribute.path"; `why` says what we need it for."""

    target: str
    why: str

    def resolve(self) -> Any:
        """The object behind the target. Raises ImportError or AttributeError when it moved."""
        module, _, path = self.target.partition(":")
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
        return found


HOOKS: tuple[Hook, ...] = (
    Hook("_time_machine:patch", "virtual time for datetime and time, in C"),
    Hook("_time_machine:unpatch", "leave real time behind as it was"),
    Hook("_time_machine:original_time_ns", "real time for code outside the simulation"),
    Hook("time_machine:traveller_stack", "our clock is put on time-machine's stack"),
    Hook("threading:_PyRLock", "re-entrant lock built on our green lock"),
    Hook("threading:_allocate_lock", "locks that park a task instead of a thread"),
    Hook("ssl:_create_default_https_context", "connections of simulated code share a context that checks nothing"),
    Hook("asyncio.events:_get_running_loop", "each task has its own running loop"),
    Hook("asyncio.events:_set_running_loop", "each task has its own running loop"),
    Hook("queue:_PySimpleQueue", "queue.SimpleQueue built on green locks"),
    Hook("concurrent.futures.thread:_threads_queues", "pools must not join green threads at exit"),
    Hook("os:_Environ", "one environment per execution environment behind os.environ"),
    Hook("random:_inst", "a random module of its own for each execution environment"),
    Hook("random:_urandom", "secrets and SystemRandom draw from a seeded stream"),
    Hook("botocore.client:BaseClient._make_api_call", "the short circuit stands here"),
    Hook("botocore.hooks:EventAliaser._alias_event_name", "events around a call, as the stock path emits them"),
    Hook("botocore.hooks:HierarchicalEmitter._emit", "events around a call, as the stock path emits them"),
    Hook("boto3.resources.model:DefinitionWithParams.params", "what a resource fills in, read once"),
    Hook("botocore.endpoint:Endpoint._get_response", "faults hit each attempt of the stock path"),
    Hook("botocore.endpoint:Endpoint._needs_retry", "the client's own retry policy"),
    Hook("botocore.endpoint:Endpoint._update_retries_context", "the client's own retry policy"),
    Hook("botocore.endpoint:Endpoint.prepare_request", "where instrumentation puts the tracing header on a request"),
    Hook("importlib.metadata:import_module", "entry points are loaded from an environment's own modules"),
    Hook("botocore.retries.quota:RetryQuota", "retry quota per execution environment"),
    Hook("urllib3.connection:wait_for_read", "kept connections of the simulation have no descriptor to look into"),
    Hook("responses:_real_send", "simulated code's requests go to the plane, not to moto's mock"),
    Hook("boto3.session:Session._register_default_handlers", "registered once for a shared session"),
    Hook("boto3.dynamodb.transform:ParameterTransformer.transform", "the way to what a table resource converts"),
    Hook("boto3.dynamodb.types:TypeSerializer.serialize", "plain values of a table resource"),
    Hook("boto3.dynamodb.types:TypeDeserializer.deserialize", "plain values of a table resource"),
    Hook("boto3.dynamodb.transform:copy_dynamodb_params", "table resources copy the parameters of every call"),
    Hook("botocore.loaders:create_loader", "one loader of service models for all sessions"),
    Hook("botocore.session:create_loader", "one loader of service models for all sessions"),
    Hook("botocore.loaders:Loader.FILE_LOADER_CLASS", "models are read as plain dictionaries"),
    Hook("botocore.loaders:Loader.search_paths", "one loader of service models for all sessions"),
    Hook("botocore.endpoint:get_environ_proxies", "no request leaves this process"),
    Hook("botocore.utils:get_environ_proxies", "no request leaves this process"),
    Hook("botocore.hooks:EVENT_ALIASES", "aliases of events are looked up once per process"),
    Hook("botocore.handlers:BUILTIN_HANDLERS", "botocore's own event handlers are registered once and then copied"),
    Hook("moto.core.responses:ActionResult", "what moto's response methods answer"),
    Hook("moto.core.errors:get_error_model", "SQS's error codes of the query protocol"),
    Hook("moto.core.utils:get_service_model", "SQS's error codes of the query protocol"),
    Hook("moto.dynamodb.responses:DynamoHandler", "DynamoDB operations without HTTP"),
    Hook("moto.awslambda.models:LambdaStorage._get_version", "versions of functions"),
    Hook("moto.awslambda.models:LambdaFunction.set_version", "versions of functions on managed instances"),
    Hook("moto.s3.notifications:send_event", "notifications of buckets are brought in virtual time"),
    Hook("moto.s3.notifications:send_test_event", "a new destination gets a test message in virtual time"),
    Hook("moto.s3.models:Notification.matches", "which notifications of a bucket an event concerns"),
    Hook("moto.s3.models:s3_backends", "buckets and their notifications"),
    Hook("moto.sns.models:sns_backends", "topics and their subscriptions"),
    Hook("moto.sns.models:SNSBackend._validate_filter_policy", "filter policies are checked by the local cloud"),
    Hook("moto.pipes.models:pipes_backends", "pipes"),
    Hook("moto.applicationautoscaling.models:applicationautoscaling_backends", "scalable targets and their policies"),
    Hook(
        "moto.applicationautoscaling.models:FakeApplicationAutoscalingPolicy.create_alarms",
        "the alarms of a policy stand in our CloudWatch",
    ),
    Hook(
        "moto.applicationautoscaling.models:FakeApplicationAutoscalingPolicy.delete_alarms",
        "the alarms of a policy stand in our CloudWatch",
    ),
    Hook("moto.scheduler.models:scheduler_backends", "schedules and their groups"),
    Hook("moto.stepfunctions.models:stepfunctions_backends", "state machines, their versions and aliases"),
    Hook("moto.s3.models:s3_backends", "packages of functions are measured where they lie"),
    Hook("moto.awslambda.models:LambdaBackend.layers_versions_by_arn", "layer versions and their packages"),
    Hook("moto.sqs.responses:SQSResponse", "SQS operations without HTTP"),
    Hook("moto.sqs.models:Queue.add_message", "messages of moto's other services go into our queues"),
    Hook("moto.sqs.models:Queue.approximate_number_of_messages", "queue attributes count our messages"),
    Hook("moto.sqs.models:Queue.approximate_number_of_messages_delayed", "queue attributes count our messages"),
    Hook("moto.sqs.models:Queue.approximate_number_of_messages_not_visible", "queue attributes count our messages"),
    Hook("moto.sqs.models:sqs_backends", "queues and their attributes"),
    Hook("moto.logs.models:LogStream._send_log_events", "subscriptions are served in virtual time"),
    Hook("moto.logs.metric_filters:MetricFilters.add_filter", "metric filters are kept in metric_filters, as put"),
    Hook("moto.core.models:RESPONSES_METHODS", "moto's responses to URLs are made once per process"),
    Hook("moto.core.models:responses_mock._registry._registered", "moto's responses to URLs are made once per process"),
    Hook("moto.core.botocore_stubber:BotocoreStubber.process_request", "moto's own answer to a request from outside"),
    Hook("moto.core.parse:PROTOCOL_PARSERS", "requests from outside are parsed by the service models"),
    Hook("moto.core.routing:get_service_router", "the operation that a request from outside is for"),
    Hook("moto.core.serialize:get_serializer_class", "answers in the client's protocol"),
    Hook("botocore.parsers:RpcV2CBORParser.parse_data_item", "CBOR requests from outside"),
    Hook("botocore.serialize:CBORSerializer._serialize_data_item", "CBOR answers"),
    Hook("botocore.serialize:CBORSerializer._serialize_type_string", "CBOR errors"),
    Hook("botocore.serialize:CBORSerializer._serialize_type_timestamp", "CBOR with timestamps in milliseconds"),
    Hook("moto.s3.models:s3_backends", "buckets, which unsigned requests name by their path"),
    Hook("moto.s3.models:S3Backend.create_bucket", "what new buckets have without being asked"),
    Hook("moto.s3.models:S3Backend.get_bucket_encryption", "every bucket is encrypted"),
    Hook("moto.s3.models:FakeBucket.get_permission", "conditions in bucket policies"),
    Hook("moto.iam.access_control:IAMPolicy.is_action_permitted", "conditions in bucket policies"),
    Hook("moto.s3.models:PublicAccessBlock", "new buckets let nobody in"),
    Hook("moto.s3.responses:S3Response._bucket_response_get", "who pays for requests"),
    Hook("moto.iam.aws_managed_policies:aws_managed_policies_data", "AWS's managed policies, read when named"),
    Hook("moto.iam.models:AWSManagedPolicy.from_data", "AWS's managed policies, read when named"),
    Hook("moto.iam.models:IAMBackend.attach_role_policy", "AWS's managed policies, read when named"),
    Hook("moto.iam.models:IAMBackend.list_policies", "AWS's managed policies, all of them"),
    Hook("moto.moto_api._internal:mock_random.getstate", "reading policies draws no random numbers"),
    Hook("moto.awslambda.models:LambdaFunction.update_configuration", "settings that moto does not change"),
    Hook("moto.awslambda.models:LambdaFunction.update_function_code", "when code was changed"),
    Hook("moto.awslambda.models:LambdaFunction.get_configuration", "LoggingConfig, and LastModified as Lambda has it"),
    Hook("moto.awslambda.models:LambdaFunction.__getstate__", "a version is a copy, but not of the logs"),
    Hook("moto.awslambda.models:LambdaFunction.get_code", "a reserved concurrency of 0"),
    Hook("moto.awslambda.models:LambdaBackend.list_versions_by_function", "a function that is not there has none"),
    Hook("moto.awslambda.models:LambdaStorage.publish_version", "a version's number is never given out again"),
    Hook("moto.awslambda.models:LambdaAlias.to_json", "an alias without weights has no RoutingConfig"),
    Hook("moto.awslambda.policy:Policy", "resource policies are kept in its statements, with its revision"),
    Hook("moto.awslambda.models:FunctionUrlConfig.to_dict", "function URLs end in a slash"),
    Hook("moto.awslambda.models:EventSourceMapping.get_configuration", "what Lambda fills in of a mapping"),
    Hook("moto.codedeploy.models:codedeploy_backends", "applications, deployment groups and deployments"),
    Hook("moto.codedeploy.models:DeploymentInfo", "the record of a deployment, with an id and times of our own"),
    Hook("moto.logs.models:LogsBackend.delete_log_group", "the tags of a group end with it"),
    Hook("moto.apigatewayv2.models:ApiGatewayV2Backend.tag_resource", "stages have tags"),
    Hook("moto.core.utils:camelcase_to_underscores", "how moto names a topic's attributes"),
    Hook("moto.appsync.models:appsync_backends", "Events APIs, their namespaces and keys"),
    Hook("moto.apigatewayv2.models:apigatewayv2_backends", "HTTP APIs, their stages, routes and integrations"),
    Hook("moto.apigateway.models:apigateway_backends", "REST APIs, their resources, stages, keys and usage plans"),
    Hook("moto.apigateway.models:RestAPI.create_authorizer", "an authorizer keeps its validation expression"),
    Hook("moto.apigateway.models:RestAPI.create_deployment", "a deployment keeps a copy of its API"),
    Hook("moto.apigateway.models:RestAPI.update_integration_mocks", "requests to REST APIs are ours"),
    Hook("moto.apigateway.models:Stage._get_default_method_settings", "the account's limits, not moto's own"),
    Hook("airspeed.operators:__additional_methods__", "Java's methods that mapping templates use"),
    Hook("airspeed.operators:ForeachDirective", "the turns of #foreach are counted"),
    Hook("airspeed.operators:_Element", "the turns of #foreach are counted"),
    Hook("moto.budgets.models:budgets_backends", "budgets, their notifications and subscribers"),
    Hook(
        "moto.resourcegroupstaggingapi.models:ResourceGroupsTaggingAPIBackend._get_resources_generator",
        "the tags of all resources",
    ),
    Hook("moto.events.models:EventPattern", "rules keep their pattern as text in _raw_pattern"),
    Hook("moto.dynamodb.models:get_filter_expression", "conditions are parsed once"),
    Hook("moto.dynamodb.models:copy", "a transaction keeps a log instead of copies of its tables"),
    Hook("moto.dynamodb.models:DynamoDBBackend.transact_write_items", "a failed transaction is taken back by its log"),
    Hook("moto.dynamodb.models:DynamoDBBackend.update_item", "what moto changes in place is kept as we keep items"),
    Hook("moto.dynamodb.models.table:Table.put_item", "what moto writes is kept as we keep items"),
    Hook("moto.dynamodb.models.table:Table.delete_item", "indexes follow what moto deletes"),
    Hook("moto.dynamodb.models.table:Table.query", "a query reads its partition only"),
    Hook("moto.dynamodb.models.table:Table.scan", "a scan reads what it answers with"),
    Hook("moto.dynamodb.models.dynamo_type:LimitedSizeDict", "moto's view of our items"),
    Hook("moto.dynamodb.models.utilities:dynamo_to_dict", "our view of moto's items"),
    Hook("moto.dynamodb.models:create_condition_expression_parser", "conditions are parsed once"),
    Hook("moto.dynamodb.responses:create_condition_expression_parser", "conditions are parsed once"),
    Hook("moto.dynamodb.models.dynamo_type:DynamoType.__setitem__", "paths into what has no parts"),
    Hook("moto.dynamodb.models.dynamo_type:DynamoType.__add__", "sums have 38 digits"),
    Hook("moto.dynamodb.models.dynamo_type:DynamoType.__sub__", "differences have 38 digits"),
    Hook("moto.dynamodb.parsing.ast_nodes:UpdateExpressionValue", "key attributes that an update reads"),
    Hook(
        "moto.dynamodb.parsing.validators:UpdateHashRangeKeyValidator.check_for_hash_or_range_key",
        "key attributes that an update reads",
    ),
    Hook("moto.dynamodb.parsing.reserved_keywords:ReservedKeywords", "reserved words in conditions"),
    Hook("moto.dynamodb.responses:TRANSACTION_MAX_ITEMS", "TransactGetItems takes 100 items"),
    Hook("moto.dynamodb.models.table:get_filter_expression", "conditions are parsed once"),
    Hook("moto.dynamodb.models.table:StreamShard.add", "the records of a table's stream are ours"),
    Hook("moto.kinesis.models:Shard.get_max_sequence_number", "shards are described with our sequence numbers"),
    Hook("moto.kinesis.models:Shard.get_min_sequence_number", "shards are described with our sequence numbers"),
    Hook("moto.kinesis.models:kinesis_backends", "streams, their shards and consumers"),
    Hook("moto.events.models:Archive.update", "archives keep their pattern in event_pattern, their bus in source_arn"),
    Hook("moto.events.models:ReplayState", "the state of a replay, which takes its time"),
    Hook("moto.events.responses:EventsHandler", "EventBridge operations without HTTP"),
    Hook("moto.cloudwatch.models:CloudWatchBackend.put_metric_data", "moto's Kinesis publishes its metrics here"),
    Hook("botocore.eventstream:EventStream._create_raw_event_generator", "events are read from frames in virtual time"),
    Hook("moto.core.eventstream:EventStreamEncoder.encode_message", "events are encoded as on the wire"),
    Hook("botocore.parsers:EventStreamJSONParser", "events are parsed as a stock client parses them"),
    Hook(
        "moto.bedrockagentcorecontrol.models:bedrockagentcorecontrol_backends", "gateways, targets, runtimes, memories"
    ),
    Hook("moto.bedrockagentcorecontrol.models:Gateway.to_dict", "a gateway's URL has a path"),
    Hook(
        "moto.bedrock.models:BedrockBackend.get_model_invocation_logging_configuration", "where invocations are logged"
    ),
)
