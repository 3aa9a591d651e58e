"""Who a function is when it asks."""

from __future__ import annotations

import boto3


def test_a_function_is_its_role_in_a_session_of_its_name(function, invoke, role):
    function("till", """
        import boto3
        def handler(event, context):
            who = boto3.client("sts").get_caller_identity()
            return [who["Arn"], who["Account"], who["UserId"]]
    """, Role=role("teller", "lambda"))  # fmt: skip
    (arn, account, user), _ = invoke("till")
    assert (arn, account) == ("arn:aws:sts::123456789012:assumed-role/teller/till", "123456789012")
    assert user.startswith("AROA")
    assert user.endswith(":till")


def test_whoever_is_outside_is_no_role(cloud):
    who = boto3.client("sts", region_name=cloud.region).get_caller_identity()
    assert who["Arn"].startswith("arn:aws:iam::123456789012:user/")
