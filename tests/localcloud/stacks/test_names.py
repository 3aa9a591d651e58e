"""Names of stacks."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

TEMPLATE = "Resources:\n  Orders: {Type: AWS::SQS::Queue}\n"


@pytest.mark.parametrize("name", ["1shop", "the shop", "shop_1", "x" * 129])
def test_a_name_has_letters_digits_and_hyphens_and_begins_with_a_letter(cloud, name):
    with pytest.raises(ClientError, match="'stackName' failed to satisfy constraint") as caught:
        cloud.client("cloudformation").create_stack(StackName=name, TemplateBody=TEMPLATE)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
