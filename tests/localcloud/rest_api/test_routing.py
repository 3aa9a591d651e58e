"""Which method answers, what strangers hear, and what a deployment keeps."""

from __future__ import annotations

FORBIDDEN = (403, {"message": "Forbidden"})
MISSING = (403, {"message": "Missing Authentication Token"})


def says(mock, text, **where):
    return mock(response_template=f'"{text} $input.params("id") $input.params("proxy")"', **where)


def test_the_most_specific_path_answers(mock):
    says(mock, "greedy", path="/{proxy+}", verb="ANY")
    says(mock, "one", path="/orders/{id}", verb="GET")
    api = says(mock, "mine", path="/orders/mine", verb="GET")
    api.deploy()
    assert api.call("GET", "/orders/mine")[1].split() == ["mine"]
    assert api.call("GET", "/orders/7")[1].split() == ["one", "7"]
    assert api.call("GET", "/orders/7/x")[1].split() == ["greedy", "orders/7/x"]
    assert api.call("DELETE", "/orders/7")[1].split() == ["greedy", "orders/7"]


def test_unknown_paths_methods_and_stages(mock):
    api = says(mock, "one", path="/orders", verb="GET")
    api.deploy()
    for verb, path in (("GET", "/"), ("GET", "/cakes"), ("POST", "/orders")):
        status, body, response = api.call(verb, path)
        assert (status, body) == MISSING
        assert response.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert api.call("GET", "/orders", stage="dev")[:2] == FORBIDDEN


def test_changes_need_a_new_deployment(mock):
    api = says(mock, "old", path="/orders", verb="GET")
    api.deploy()
    says(mock, "new", path="/orders", verb="GET")
    assert api.call("GET", "/orders")[1].split() == ["old"]
    second = api.client.create_deployment(restApiId=api.id)["id"]
    assert api.call("GET", "/orders")[1].split() == ["old"]
    operation = {"op": "replace", "path": "/deploymentId", "value": second}
    api.client.update_stage(restApiId=api.id, stageName="live", patchOperations=[operation])
    assert api.call("GET", "/orders")[1].split() == ["new"]


def test_a_second_deployment_keeps_the_stage(mock):
    api = says(mock, "old", path="/orders", verb="GET")
    api.deploy(variables={"a": "1"})
    api.client.update_stage(
        restApiId=api.id,
        stageName="live",
        patchOperations=[{"op": "replace", "path": "/*/*/metrics/enabled", "value": "true"}],
    )
    api.deploy()
    stage = api.client.get_stage(restApiId=api.id, stageName="live")
    assert stage["variables"] == {"a": "1"}
    assert stage["methodSettings"]["*/*"]["metricsEnabled"] is True
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 10000.0


def test_gateway_responses_can_be_changed(mock):
    api = says(mock, "one", path="/orders", verb="GET")
    api.client.put_gateway_response(
        restApiId=api.id,
        responseType="MISSING_AUTHENTICATION_TOKEN",
        statusCode="404",
        responseParameters={"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
        responseTemplates={"application/json": '{"error": $context.error.messageString, "at": "$context.path"}'},
    )
    api.deploy()
    status, body, response = api.call("GET", "/cakes")
    assert (status, body) == (404, {"error": "Missing Authentication Token", "at": "/live/cakes"})
    assert response.headers["access-control-allow-origin"] == "*"


def test_iam_methods_need_a_signature(mock):
    api = mock(path="/orders", verb="GET", authorizationType="AWS_IAM")
    api.deploy()
    assert api.call("GET", "/orders")[:2] == MISSING
    assert api.call("GET", "/orders", authorization="AWS4-HMAC-SHA256 Credential=x")[0] == 200


def test_a_body_may_have_ten_megabytes(mock):
    api = mock()
    api.deploy()
    status, body, _ = api.call("POST", "/it", b"x" * (10 * 1024 * 1024 + 1))
    assert (status, body) == (413, {"message": "HTTP content length exceeded 10485760 bytes."})
