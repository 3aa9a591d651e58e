"""REST APIs from templates: resource by resource, from OpenAPI, and by SAM."""

from __future__ import annotations

import contextlib
import json

import pytest
from botocore.exceptions import WaiterError

from localcloud.net import HttpRequest

CODE = "import json\ndef handler(event, context): return {'statusCode': 200, 'body': json.dumps(event['path'])}"
SAM = "AWS::Serverless-2016-10-31"
ROLE = "arn:aws:iam::123456789012:role/gateway"


@pytest.fixture
def deploy(cloud):
    """Create or update the stack; returns its outputs."""
    cfn = cloud.client("cloudformation")

    def call(resources, outputs, update=False, **template):
        body = {
            "Resources": resources,
            "Outputs": {key: {"Value": value} for key, value in outputs.items()},
            **template,
        }
        (cfn.update_stack if update else cfn.create_stack)(
            StackName="shop",
            TemplateBody=json.dumps(body),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        with contextlib.suppress(WaiterError):
            cfn.get_waiter(f"stack_{'update' if update else 'create'}_complete").wait(StackName="shop")
        stack = cfn.describe_stacks(StackName="shop")["Stacks"][0]
        events = cfn.describe_stack_events(StackName="shop")["StackEvents"]
        failed = [event.get("ResourceStatusReason") for event in events if "FAILED" in event["ResourceStatus"]]
        assert stack["StackStatus"] == ("UPDATE_COMPLETE" if update else "CREATE_COMPLETE"), failed
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    return call


@pytest.fixture
def call(cloud):
    def send(verb, api, path, body=b"", **headers):
        url = f"https://{api}.execute-api.us-east-1.amazonaws.com{path}"
        request = HttpRequest(verb, url, {k.replace("_", "-"): v for k, v in headers.items()}, body)
        response = cloud.kernel.call(cloud.http.request, request)
        return response.status, json.loads(response.body or b"null")

    return send


def parts(text):
    mock = {
        "Type": "MOCK",
        "RequestTemplates": {"application/json": '{"statusCode": 200}'},
        "IntegrationResponses": [{"StatusCode": 200, "ResponseTemplates": {"application/json": json.dumps(text)}}],
    }
    api = {"Ref": "Api"}
    return {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "shop"}},
        "Orders": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {
                "RestApiId": api,
                "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "PathPart": "orders",
            },
        },
        "Get": {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "RestApiId": api,
                "ResourceId": {"Ref": "Orders"},
                "HttpMethod": "GET",
                "AuthorizationType": "NONE",
                "ApiKeyRequired": True,
                "RequestValidatorId": {"Ref": "Validator"},
                "RequestParameters": {"method.request.querystring.q": True},
                "MethodResponses": [{"StatusCode": 200}],
                "Integration": mock,
            },
        },
        "Validator": {
            "Type": "AWS::ApiGateway::RequestValidator",
            "Properties": {"RestApiId": api, "ValidateRequestParameters": True},
        },
        "Line": {"Type": "AWS::ApiGateway::Model", "Properties": {"RestApiId": api, "Schema": {"type": "object"}}},
        "Lost": {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Properties": {"RestApiId": api, "ResponseType": "MISSING_AUTHENTICATION_TOKEN", "StatusCode": "404"},
        },
        f"Deployment{text}": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": ["Get", "Lost"],
            "Properties": {"RestApiId": api},
        },
        "Live": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": api,
                "StageName": "live",
                "DeploymentId": {"Ref": f"Deployment{text}"},
                "Variables": {"season": "winter"},
                "MethodSettings": [{"ResourcePath": "/*", "HttpMethod": "*", "MetricsEnabled": True}],
            },
        },
        "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Enabled": True, "Value": "k" * 24}},
        "Plan": {
            "Type": "AWS::ApiGateway::UsagePlan",
            "Properties": {
                "ApiStages": [{"ApiId": api, "Stage": {"Ref": "Live"}}],
                "Throttle": {"RateLimit": 10, "BurstLimit": 5},
                "Quota": {"Limit": 100, "Period": "DAY"},
            },
        },
        "PlanKey": {
            "Type": "AWS::ApiGateway::UsagePlanKey",
            "Properties": {"KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}},
        },
        "Account": {"Type": "AWS::ApiGateway::Account", "Properties": {"CloudWatchRoleArn": ROLE}},
    }


def test_an_api_resource_by_resource(cloud, deploy, call):
    outputs = {"Api": {"Ref": "Api"}}
    api = deploy(parts("old"), outputs)["Api"]
    key = "k" * 24
    assert call("GET", api, "/live/orders?q=1") == (403, {"message": "Forbidden"})
    assert call("GET", api, "/live/orders", x_api_key=key)[0] == 400
    assert call("GET", api, "/live/orders?q=1", x_api_key=key) == (200, "old")
    assert call("GET", api, "/live/cakes")[0] == 404
    deploy(parts("new"), outputs, update=True)
    assert call("GET", api, "/live/orders?q=1", x_api_key=key) == (200, "new")
    cloud.client("cloudformation").delete_stack(StackName="shop")
    cloud.wait(60)
    assert cloud.client("apigateway").get_rest_apis()["items"] == []


def test_an_api_from_openapi(deploy, call):
    order = {"$ref": "#/components/schemas/Order"}
    body = {
        "openapi": "3.0.1",
        "info": {"title": "shop", "version": "1"},
        "x-amazon-apigateway-request-validators": {"body": {"validateRequestBody": True}},
        "components": {"schemas": {"Order": {"type": "object", "required": ["n"]}}},
        "paths": {
            "/orders/{id}": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": order}}},
                    "x-amazon-apigateway-request-validator": "body",
                    "x-amazon-apigateway-integration": {
                        "type": "mock",
                        "requestTemplates": {"application/json": '{"statusCode": 200}'},
                        "responses": {
                            "default": {
                                "statusCode": "201",
                                "responseTemplates": {"application/json": "\"$input.params('id')\""},
                            }
                        },
                    },
                }
            }
        },
    }
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body}},
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "v1"},
        },
    }
    api = deploy(resources, {"Api": {"Ref": "Api"}})["Api"]
    assert call("POST", api, "/v1/orders/7", b'{"n": 1}') == (201, "7")
    assert call("POST", api, "/v1/orders/7", b"{}") == (400, {"message": "Invalid request body"})


def test_sam_functions_with_api_events(deploy, call):
    shop = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "InlineCode": CODE,
            "Handler": "index.handler",
            "Runtime": "python3.13",
            "Events": {
                "One": {"Type": "Api", "Properties": {"Path": "/orders/{id}", "Method": "get"}},
                "All": {"Type": "Api", "Properties": {"Path": "/{proxy+}", "Method": "any"}},
            },
        },
    }
    url = {"Fn::Sub": "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/"}
    outputs = {"Api": {"Ref": "ServerlessRestApi"}, "Url": url}
    made = deploy({"Shop": shop}, outputs, Transform=SAM)
    assert call("GET", made["Api"], "/Prod/orders/7") == (200, "/orders/7")
    assert call("DELETE", made["Api"], "/Prod/a/b") == (200, "/a/b")
