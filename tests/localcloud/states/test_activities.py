"""Activities: workers anywhere fetch tasks, and tell what came of them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def activity(sfn):
    return sfn.create_activity(name="decorate")["activityArn"]


@pytest.fixture
def start(sfn, machine, activity):
    def run(**fields):
        arn = machine({"Decorate": {"Type": "Task", "Resource": activity, "End": True, **fields}})
        return sfn.start_execution(stateMachineArn=arn, input='{"cake": 1}')["executionArn"]

    return run


def test_a_worker_fetches_a_task_and_answers(cloud, sfn, activity, start, types, metric):
    started = start()
    cloud.wait(DAY := 86_400)
    task = sfn.get_activity_task(activityArn=activity, workerName="Anne")
    assert json.loads(task["input"]) == {"cake": 1}
    cloud.wait(30)
    sfn.send_task_success(taskToken=task["taskToken"], output='"done"')
    cloud.wait(1)
    found = sfn.describe_execution(executionArn=started)
    assert (found["status"], found["output"]) == ("SUCCEEDED", '"done"')
    assert types(started)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    events = sfn.get_execution_history(executionArn=started)["events"]
    assert events[3]["activityStartedEventDetails"] == {"workerName": "Anne"}
    assert metric("ActivitiesSucceeded", ActivityArn=activity) == 1
    assert metric("ActivityScheduleTime", ActivityArn=activity) >= (DAY - 1) * 1_000
    assert 30_000 <= metric("ActivityRunTime", ActivityArn=activity) < 31_000


def test_polling_waits_for_a_minute(cloud, sfn, activity, start):
    before = cloud.now
    assert "taskToken" not in sfn.get_activity_task(activityArn=activity)
    assert 60 <= (cloud.now - before).total_seconds() < 61
    got = []
    task = cloud.kernel.spawn(lambda: got.append(sfn.get_activity_task(activityArn=activity)))
    cloud.wait(20)
    start()
    cloud.wait(1)
    assert task.done
    assert json.loads(got[0]["input"]) == {"cake": 1}


def test_a_worker_that_fails_or_is_silent_fails_the_task(cloud, sfn, activity, start, types):
    started = start(TimeoutSeconds=100, HeartbeatSeconds=20)
    cloud.wait(500)  # nobody has taken it: no time counts
    task = sfn.get_activity_task(activityArn=activity)
    cloud.wait(15)
    sfn.send_task_heartbeat(taskToken=task["taskToken"])
    cloud.wait(15)
    assert sfn.describe_execution(executionArn=started)["status"] == "RUNNING"
    cloud.wait(10)
    assert sfn.describe_execution(executionArn=started)["error"] == "States.HeartbeatTimeout"
    assert "ActivityTimedOut" in types(started)
    with pytest.raises(ClientError, match="TaskTimedOut"):
        sfn.send_task_success(taskToken=task["taskToken"], output="{}")
    started = start()
    task = sfn.get_activity_task(activityArn=activity)
    sfn.send_task_failure(taskToken=task["taskToken"], error="Crumbled", cause="dry")
    cloud.wait(1)
    assert sfn.describe_execution(executionArn=started)["error"] == "Crumbled"


def test_a_task_of_a_stopped_execution_is_not_handed_out(cloud, sfn, activity, start):
    started = start()
    cloud.wait(1)
    sfn.stop_execution(executionArn=started)
    assert "taskToken" not in sfn.get_activity_task(activityArn=activity)


def test_what_is_not_there_is_refused(sfn, machine, activity):
    with pytest.raises(ClientError, match="ActivityDoesNotExist"):
        sfn.get_activity_task(activityArn=activity + "x")
    with pytest.raises(ClientError, match="InvalidToken"):
        sfn.send_task_success(taskToken="unknown", output="{}")
    with pytest.raises(ClientError, match="Express state machine does not support activities"):
        machine({"T": {"Type": "Task", "Resource": activity, "End": True}}, kind="EXPRESS")
