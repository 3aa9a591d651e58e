"""REST APIs built with boto3, and requests to them."""

from __future__ import annotations

import json

import pytest

from localcloud.net import HttpRequest

ROLE = "arn:aws:iam::123456789012:role/gateway"


class Api:
    """One REST API: add methods, deploy, call."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.client = cloud.client("apigateway")
        self.id = self.client.create_rest_api(name="shop")["id"]
        root = self.client.get_resources(restApiId=self.id)["items"][0]["id"]
        self.resources = {"/": root}

    def resource(self, path):
        parent, so_far = self.resources["/"], ""
        for part in path.strip("/").split("/"):
            if not part:
                continue
            so_far += f"/{part}"
            if so_far not in self.resources:
                made = self.client.create_resource(restApiId=self.id, parentId=parent, pathPart=part)
                self.resources[so_far] = made["id"]
            parent = self.resources[so_far]
        return parent

    def method(self, verb, path, integration, responses=(), **settings):
        where = {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": verb}
        self.client.put_method(**where, authorizationType=settings.pop("authorizationType", "NONE"), **settings)
        self.client.put_integration(**where, **integration)
        for response in responses:
            status = response["statusCode"]
            self.client.put_method_response(**where, statusCode=status)
            self.client.put_integration_response(**where, **response)
        return where

    def function(self, name, verb="ANY", path="/{proxy+}", kind="AWS_PROXY", responses=(), permit=True, **settings):
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        integration = {"type": kind, "integrationHttpMethod": "POST", "uri": uri}
        for member in ("requestTemplates", "requestParameters", "timeoutInMillis", "passthroughBehavior"):
            if member in settings:
                integration[member] = settings.pop(member)
        if permit:
            self.permit(name)
        return self.method(verb, path, integration, responses, **settings)

    def permit(self, name, part="*"):
        self.cloud.client("lambda").add_permission(
            FunctionName=name,
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:123456789012:{self.id}/{part}",
        )

    def action(self, verb, path, service, action, responses=({"statusCode": "200"},), way="action", **settings):
        integration = {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "uri": f"arn:aws:apigateway:us-east-1:{service}:{way}/{action}",
            "credentials": ROLE,
        }
        for member in ("requestTemplates", "requestParameters", "passthroughBehavior"):
            if member in settings:
                integration[member] = settings.pop(member)
        return self.method(verb, path, integration, responses, **settings)

    def deploy(self, stage="live", **settings):
        return self.client.create_deployment(restApiId=self.id, stageName=stage, **settings)["id"]

    def call(self, verb, path, body=b"", stage="live", **headers):
        """(status, parsed body or text, response)."""
        url = f"https://{self.id}.execute-api.us-east-1.amazonaws.com/{stage}{path}"
        if isinstance(body, dict | list):
            body = json.dumps(body).encode()
        request = HttpRequest(verb, url, {name.replace("_", "-"): value for name, value in headers.items()}, body)
        response = self.cloud.kernel.call(self.cloud.http.request, request)
        text = response.body.decode()
        try:
            return response.status, json.loads(text), response
        except ValueError:
            return response.status, text, response


@pytest.fixture
def api(cloud):
    return Api(cloud)


@pytest.fixture
def mock(api):
    """A MOCK method: mock(template, response_template) -> its answer to one request."""

    def create(request_template='{"statusCode": 200}', response_template="", path="/it", verb="POST", **settings):
        api.method(
            verb,
            path,
            {"type": "MOCK", "requestTemplates": {"application/json": request_template}},
            [{"statusCode": "200", "responseTemplates": {"application/json": response_template}}],
            **settings,
        )
        return api

    return create
