"""The pytest plugin: a fresh cloud for a test, with the seed it asks for."""

from __future__ import annotations

import pytest


def test_a_test_gets_a_cloud_of_its_own_in_which_time_is_virtual(localcloud):
    sqs = localcloud.client("sqs")
    assert "QueueUrls" not in sqs.list_queues()
    sqs.create_queue(QueueName="orders")
    before = localcloud.now
    localcloud.wait(3_600)
    assert (localcloud.now - before).total_seconds() == 3_600


@pytest.mark.localcloud(enforce_iam=True)
def test_a_test_lets_the_policies_of_roles_decide(localcloud):
    assert localcloud.iam.enforced


@pytest.mark.localcloud(seed=3)
def test_a_test_chooses_its_seed(localcloud):
    assert localcloud.seed == 3
    assert "QueueUrls" not in localcloud.client("sqs").list_queues()
