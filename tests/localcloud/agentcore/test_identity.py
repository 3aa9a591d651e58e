"""Workload identities and what their tokens open."""

from __future__ import annotations

import base64
import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def data(cloud):
    return cloud.client("bedrock-agentcore")


@pytest.fixture
def control(cloud):
    made = cloud.client("bedrock-agentcore-control")
    made.create_workload_identity(name="baker")
    made.create_api_key_credential_provider(name="weather", apiKey="s3cret")
    return made


def jwt(claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.x"


def test_workloads_are_listed_by_name(control):
    listed = control.list_workload_identities()["workloadIdentities"]
    assert [found["name"] for found in listed] == ["baker"]
    assert control.get_workload_identity(name="baker")["workloadIdentityArn"].endswith("/workload-identity/baker")
    with pytest.raises(ClientError, match="ConflictException"):
        control.create_workload_identity(name="baker")
    control.delete_workload_identity(name="baker")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        control.get_workload_identity(name="baker")


def test_a_workloads_token_opens_an_api_key_for_a_while(cloud, control, data):
    tokens = [
        data.get_workload_access_token(workloadName="baker")["workloadAccessToken"],
        data.get_workload_access_token_for_user_id(workloadName="baker", userId="anne")["workloadAccessToken"],
        data.get_workload_access_token_for_jwt(
            workloadName="baker", userToken=jwt({"iss": "https://idp.example", "sub": "anne"})
        )["workloadAccessToken"],
    ]
    assert len(set(tokens)) == 3
    before = cloud.meter.snapshot()
    for token in tokens:
        found = data.get_resource_api_key(workloadIdentityToken=token, resourceCredentialProviderName="weather")
        assert found["apiKey"] == "s3cret"
    assert cloud.meter.since(before).total("agentcore.identity_requests") == 3
    cloud.wait(3_600)
    with pytest.raises(ClientError, match="UnauthorizedException"):
        data.get_resource_api_key(workloadIdentityToken=tokens[0], resourceCredentialProviderName="weather")


def test_what_is_not_there_or_not_a_token_opens_nothing(control, data):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        data.get_workload_access_token(workloadName="nobody")
    with pytest.raises(ClientError, match="UnauthorizedException"):
        data.get_resource_api_key(workloadIdentityToken="made up", resourceCredentialProviderName="weather")
    with pytest.raises(ClientError, match="not a JWT"):
        data.get_workload_access_token_for_jwt(workloadName="baker", userToken="a.b.c")
    shown = control.get_api_key_credential_provider(name="weather")
    assert "s3cret" not in str(shown)
    token = data.get_workload_access_token(workloadName="baker")["workloadAccessToken"]
    control.delete_api_key_credential_provider(name="weather")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        data.get_resource_api_key(workloadIdentityToken=token, resourceCredentialProviderName="weather")
    with pytest.raises(NotImplementedError, match="get_resource_oauth2_token"):
        data.get_resource_oauth2_token(
            workloadIdentityToken=token,
            resourceCredentialProviderName="weather",
            scopes=[],
            oauth2Flow="M2M",
        )
