"""A resource of each type that stacks can hold, apart from those that somebody else answers for."""

from __future__ import annotations

ROLE = "arn:aws:iam::123456789012:role/anybody"
HELLO = {"StartAt": "Hello", "States": {"Hello": {"Type": "Pass", "End": True}}}
STATEMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}


def ref(name):
    return {"Ref": name}


def att(name, attribute="Arn"):
    return {"Fn::GetAtt": [name, attribute]}


def rest(**properties):
    return {"RestApiId": ref("RestApi"), **properties}


def http(**properties):
    return {"ApiId": ref("HttpApi"), **properties}


MEASURED = {
    "Namespace": "Shop", "MetricName": "Orders", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip
PLACE = {"ServiceNamespace": "dynamodb", "ResourceId": {"Fn::Sub": "table/${Table}"},
         "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}  # fmt: skip
AGENT = {"CodeConfiguration": {"Code": {"S3": {"Bucket": "agents", "Prefix": "baker.zip"}}, "Runtime": "PYTHON_3_13",
                               "EntryPoint": ["main.py"]}}  # fmt: skip
TARGET = {"Mcp": {"Lambda": {"LambdaArn": att("Function"), "ToolSchema": {"InlinePayload": [
    {"Name": "price", "Description": "What a cake costs", "InputSchema": {"Type": "object"}}]}}}}  # fmt: skip
# one resource of each type: logical id, type, properties
RESOURCES = {
    "Account": ("AWS::ApiGateway::Account", {}),
    "RestApi": ("AWS::ApiGateway::RestApi", {"Name": "rest"}),
    "RestResource": ("AWS::ApiGateway::Resource", rest(ParentId=att("RestApi", "RootResourceId"), PathPart="cakes")),
    "RestMethod": (
        "AWS::ApiGateway::Method",
        rest(ResourceId=ref("RestResource"), HttpMethod="GET", AuthorizationType="NONE", Integration={"Type": "MOCK"}),
    ),
    "RestModel": ("AWS::ApiGateway::Model", rest(Name="Cake", Schema={"type": "object"})),
    "RestValidator": ("AWS::ApiGateway::RequestValidator", rest(Name="all")),
    "RestAuthorizer": (
        "AWS::ApiGateway::Authorizer",
        rest(Name="guard", Type="TOKEN", IdentitySource="method.request.header.Auth", AuthorizerUri={"Fn::Sub": (
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Function.Arn}/invocations")}),
    ),
    "RestAnswer": ("AWS::ApiGateway::GatewayResponse", rest(ResponseType="DEFAULT_4XX")),
    "RestDeployment": ("AWS::ApiGateway::Deployment", rest(Description={"Fn::Sub": "after ${RestMethod}"})),
    "RestStage": ("AWS::ApiGateway::Stage", rest(StageName="prod", DeploymentId=ref("RestDeployment"))),
    "RestKey": ("AWS::ApiGateway::ApiKey", {"Name": "key", "Enabled": True}),
    "RestPlan": ("AWS::ApiGateway::UsagePlan", {"UsagePlanName": "plan"}),
    "RestPlanKey": (
        "AWS::ApiGateway::UsagePlanKey",
        {"KeyId": ref("RestKey"), "KeyType": "API_KEY", "UsagePlanId": ref("RestPlan")},
    ),
    "HttpApi": ("AWS::ApiGatewayV2::Api", {"Name": "http", "ProtocolType": "HTTP"}),
    "HttpIntegration": (
        "AWS::ApiGatewayV2::Integration",
        http(IntegrationType="AWS_PROXY", IntegrationUri=att("Function"), PayloadFormatVersion="2.0"),
    ),
    "HttpRoute": (
        "AWS::ApiGatewayV2::Route", http(RouteKey="GET /", Target={"Fn::Sub": "integrations/${HttpIntegration}"}),
    ),
    "HttpAuthorizer": (
        "AWS::ApiGatewayV2::Authorizer",
        http(Name="guard", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
             JwtConfiguration={"Issuer": "https://issuer.example", "Audience": ["shop"]}),
    ),
    "HttpStage": ("AWS::ApiGatewayV2::Stage", http(StageName="$default", AutoDeploy=True)),
    "Target": ("AWS::ApplicationAutoScaling::ScalableTarget", {**PLACE, "MinCapacity": 1, "MaxCapacity": 9}),
    "Policy": (
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        {"PolicyName": "follow", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": ref("Target"),
         "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70, "PredefinedMetricSpecification": {
             "PredefinedMetricType": "DynamoDBReadCapacityUtilization"}}},
    ),
    "EventApi": (
        "AWS::AppSync::Api",
        {"Name": "events", "EventConfig": {"AuthProviders": [{"AuthType": "API_KEY"}],
         "ConnectionAuthModes": [{"AuthType": "API_KEY"}], "DefaultPublishAuthModes": [{"AuthType": "API_KEY"}],
         "DefaultSubscribeAuthModes": [{"AuthType": "API_KEY"}]}},
    ),
    "EventKey": ("AWS::AppSync::ApiKey", {"ApiId": att("EventApi", "ApiId")}),
    "EventChannel": ("AWS::AppSync::ChannelNamespace", {"ApiId": att("EventApi", "ApiId"), "Name": "orders"}),
    "Gateway": ("AWS::BedrockAgentCore::Gateway", {
        "Name": "bakery", "AuthorizerType": "NONE", "ProtocolType": "MCP", "RoleArn": ROLE}),
    "GatewayTarget": (
        "AWS::BedrockAgentCore::GatewayTarget",
        {"GatewayIdentifier": ref("Gateway"), "Name": "cakes", "TargetConfiguration": TARGET,
         "CredentialProviderConfigurations": [{"CredentialProviderType": "GATEWAY_IAM_ROLE"}]},
    ),
    "Agent": ("AWS::BedrockAgentCore::Runtime", {
        "AgentRuntimeName": "baker", "AgentRuntimeArtifact": AGENT, "RoleArn": ROLE,
        "NetworkConfiguration": {"NetworkMode": "PUBLIC"}}),
    "AgentEndpoint": (
        "AWS::BedrockAgentCore::RuntimeEndpoint", {"AgentRuntimeId": ref("Agent"), "Name": "live"},
    ),
    "Memory": ("AWS::BedrockAgentCore::Memory", {"Name": "orders", "EventExpiryDuration": 7}),
    "Identity": ("AWS::BedrockAgentCore::WorkloadIdentity", {"Name": "baker-itself"}),
    "Budget": ("AWS::Budgets::Budget", {"Budget": {
        "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": 100, "Unit": "USD"}}}),
    "Alarm": ("AWS::CloudWatch::Alarm", MEASURED),
    "AnyAlarm": ("AWS::CloudWatch::CompositeAlarm", {"AlarmRule": {"Fn::Sub": "ALARM(${Alarm})"}}),
    "Board": ("AWS::CloudWatch::Dashboard", {"DashboardBody": "{}"}),
    "Application": ("AWS::CodeDeploy::Application", {"ComputePlatform": "Lambda"}),
    "Pace": ("AWS::CodeDeploy::DeploymentConfig", {"ComputePlatform": "Lambda", "TrafficRoutingConfig": {
        "Type": "TimeBasedCanary", "TimeBasedCanary": {"CanaryInterval": 5, "CanaryPercentage": 10}}}),
    "Group": ("AWS::CodeDeploy::DeploymentGroup", {
        "ApplicationName": ref("Application"), "ServiceRoleArn": ROLE, "DeploymentConfigName": ref("Pace"),
        "DeploymentStyle": {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"}}),
    "Table": ("AWS::DynamoDB::Table", {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}),
    "Connection": ("AWS::Events::Connection", {"AuthorizationType": "API_KEY", "AuthParameters": {
        "ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "secret"}}}),
    "Destination": ("AWS::Events::ApiDestination", {
        "ConnectionArn": att("Connection"), "HttpMethod": "POST", "InvocationEndpoint": "https://partner.example/orders"}),
    "Bus": ("AWS::Events::EventBus", {"Name": "shop"}),
    "Archive": ("AWS::Events::Archive", {"SourceArn": att("Bus")}),
    "Rule": ("AWS::Events::Rule", {"EventBusName": ref("Bus"), "EventPattern": {"source": ["shop"]}}),
    "Role": ("AWS::IAM::Role", {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}),
    "RolePolicy": ("AWS::IAM::Policy", {"PolicyName": "own", "PolicyDocument": STATEMENT, "Roles": [ref("Role")]}),
    "ManagedPolicy": ("AWS::IAM::ManagedPolicy", {"PolicyDocument": STATEMENT, "Roles": [ref("Role")]}),
    "Key": ("AWS::KMS::Key", {}),
    "KeyAlias": ("AWS::KMS::Alias", {"AliasName": "alias/shop", "TargetKeyId": ref("Key")}),
    "Stream": ("AWS::Kinesis::Stream", {"ShardCount": 1}),
    "StreamReader": ("AWS::Kinesis::StreamConsumer", {"ConsumerName": "reader", "StreamARN": att("Stream")}),
    "Function": ("AWS::Lambda::Function", {
        "Runtime": "python3.13", "Handler": "index.handler", "Role": att("Role"),
        "Code": {"ZipFile": "def handler(event, context): pass"}}),
    "Version": ("AWS::Lambda::Version", {"FunctionName": ref("Function")}),
    "Live": ("AWS::Lambda::Alias", {
        "FunctionName": ref("Function"), "FunctionVersion": att("Version", "Version"), "Name": "live"}),
    "Permission": ("AWS::Lambda::Permission", {
        "FunctionName": ref("Function"), "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"}),
    "Url": ("AWS::Lambda::Url", {"TargetFunctionArn": ref("Function"), "AuthType": "NONE"}),
    "Mapping": ("AWS::Lambda::EventSourceMapping", {"FunctionName": ref("Function"), "EventSourceArn": att("Queue")}),
    "Retries": ("AWS::Lambda::EventInvokeConfig", {"FunctionName": ref("Function"), "Qualifier": "$LATEST"}),
    "Layer": ("AWS::Lambda::LayerVersion", {"Content": {"S3Bucket": "agents", "S3Key": "baker.zip"}}),
    "Capacity": ("AWS::Lambda::CapacityProvider", {
        "PermissionsConfig": {"CapacityProviderOperatorRoleArn": ROLE}, "VpcConfig": {"SubnetIds": ["subnet-1"]}}),
    "LogGroup": ("AWS::Logs::LogGroup", {}),
    "LogStream": ("AWS::Logs::LogStream", {"LogGroupName": ref("LogGroup")}),
    "LogMetric": ("AWS::Logs::MetricFilter", {
        "LogGroupName": ref("LogGroup"), "FilterPattern": "ERROR",
        "MetricTransformations": [{"MetricNamespace": "Shop", "MetricName": "Errors", "MetricValue": "1"}]}),
    "LogReader": ("AWS::Logs::SubscriptionFilter", {
        "LogGroupName": ref("LogGroup"), "FilterPattern": "", "DestinationArn": att("Function")}),
    "Pipe": ("AWS::Pipes::Pipe", {"RoleArn": ROLE, "Source": att("Queue"), "Target": att("Function")}),
    "Bucket": ("AWS::S3::Bucket", {}),
    "BucketPolicy": ("AWS::S3::BucketPolicy", {"Bucket": ref("Bucket"), "PolicyDocument": STATEMENT}),
    "Topic": ("AWS::SNS::Topic", {}),
    "TopicPolicy": ("AWS::SNS::TopicPolicy", {"Topics": [ref("Topic")], "PolicyDocument": STATEMENT}),
    "Subscription": ("AWS::SNS::Subscription", {
        "TopicArn": ref("Topic"), "Protocol": "sqs", "Endpoint": att("Queue")}),
    "Queue": ("AWS::SQS::Queue", {}),
    "QueuePolicy": ("AWS::SQS::QueuePolicy", {"Queues": [ref("Queue")], "PolicyDocument": STATEMENT}),
    "Parameter": ("AWS::SSM::Parameter", {"Name": "/shop/stage", "Type": "String", "Value": "prod"}),
    "ScheduleGroup": ("AWS::Scheduler::ScheduleGroup", {}),
    "Schedule": ("AWS::Scheduler::Schedule", {
        "FlexibleTimeWindow": {"Mode": "OFF"}, "ScheduleExpression": "rate(1 hour)",
        "Target": {"Arn": att("Function"), "RoleArn": ROLE}}),
    "Secret": ("AWS::SecretsManager::Secret", {"SecretString": "flour"}),
    "Machine": ("AWS::StepFunctions::StateMachine", {"RoleArn": ROLE, "Definition": HELLO}),
    "MachineVersion": ("AWS::StepFunctions::StateMachineVersion", {"StateMachineArn": ref("Machine")}),
    "MachineAlias": ("AWS::StepFunctions::StateMachineAlias", {"Name": "live", "RoutingConfiguration": [
        {"StateMachineVersionArn": ref("MachineVersion"), "Weight": 100}]}),
    "Activity": ("AWS::StepFunctions::Activity", {"Name": "bake"}),
    "Sampling": ("AWS::XRay::SamplingRule", {"SamplingRule": {
        "RuleName": "all", "Priority": 1, "FixedRate": 1, "ReservoirSize": 1, "ServiceName": "*", "ServiceType": "*",
        "Host": "*", "HTTPMethod": "*", "URLPath": "*", "ResourceARN": "*", "Version": 1}}),
}  # fmt: skip
