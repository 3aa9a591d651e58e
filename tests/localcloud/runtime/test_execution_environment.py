"""An execution environment has modules, variables, output, loggers and randomness of its own."""

from __future__ import annotations

import os

import pytest

COUNTER = """
import json, logging, os, random, time
from dataclasses import dataclass
from helper import LABEL

@dataclass
class Order:
    number: "int"

calls = 0
logger = logging.getLogger("shop")

def handler(event):
    global calls
    calls += 1
    time.sleep(1)
    print(json.dumps({"label": LABEL, "name": os.environ["NAME"], "calls": calls}))
    logger.warning("done")
    return calls, random.random(), Order(1).number
"""
FILES = {"app.py": COUNTER, "helper.py": "LABEL = 'bread'\n"}


def run(kernel, environment, times=1):
    def invoke():
        handler = environment.handler("app.handler")
        return [handler({}) for _ in range(times)]

    return kernel.spawn(invoke, group=environment, name=environment.name)


def test_interleaved_environments_do_not_see_each_other(kernel, environment):
    one = environment("shop#1", FILES, NAME="one")
    two = environment("shop#2", FILES, NAME="two")
    first, second = run(kernel, one, 2), run(kernel, two, 1)
    kernel.run()
    assert [calls for calls, _, _ in first.result()] == [1, 2]
    assert [calls for calls, _, _ in second.result()] == [1]
    assert '"name": "two"' in two.lines[0]
    assert "NAME" not in os.environ


def test_each_environment_draws_its_own_random_numbers(kernel, environment):
    one, two = environment("shop#1", FILES, NAME="1"), environment("shop#2", FILES, NAME="2")
    first, second = run(kernel, one), run(kernel, two)
    kernel.run()
    assert first.result()[0][1] != second.result()[0][1]


def test_output_becomes_whole_lines(kernel, environment):
    made = environment("talk", {"app.py": "import sys\ndef handler(e):\n    sys.stdout.write('a\\nb')\n"})
    kernel.spawn(lambda: made.handler("app.handler")({}), group=made)
    kernel.run()
    assert made.lines == ["a"]
    made.flush()
    assert made.lines == ["a", "b"]


def test_a_package_in_a_folder_is_imported_with_its_parts(kernel, environment):
    made = environment(
        "parts",
        {"shop/__init__.py": "", "shop/app.py": "from . import prices\nfrom shop.prices import PRICE\n"
         "def handler(e):\n    return prices.PRICE + PRICE\n", "shop/prices.py": "PRICE = 2\n"},
    )  # fmt: skip
    task = kernel.spawn(lambda: made.handler("shop/app.handler")({}), group=made)
    kernel.run()
    assert task.result() == 4


def test_a_missing_module_and_a_missing_function_say_what_is_missing(kernel, environment):
    made = environment("bad", {"app.py": "import nowhere_to_be_found\n", "ok.py": ""})
    missing = kernel.spawn(lambda: made.handler("app.handler"), group=made)
    nameless = kernel.spawn(lambda: made.handler("ok.handler"), group=made)
    kernel.run()
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        raise missing.exception
    with pytest.raises(AttributeError, match="handler"):
        raise nameless.exception


def test_powertools_keeps_its_state_per_environment(kernel, environment):
    source = (
        "from aws_lambda_powertools import Logger, Metrics\n"
        "logger = Logger(service='shop')\nmetrics = Metrics(namespace='Bakery', service='shop')\n"
        "def handler(number):\n"
        "    logger.append_keys(order=number)\n    logger.info('placed')\n"
        "    metrics.add_metric(name='Orders', unit='Count', value=number)\n"
        "    print(metrics.serialize_metric_set()['Orders'])\n"
    )
    made = [environment(f"shop#{n}", {"app.py": source}) for n in (1, 2)]
    tasks = [
        kernel.spawn(lambda n=number, e=each: e.handler("app.handler")(n), group=each)
        for number, each in enumerate(made, 1)
    ]
    kernel.run()
    assert [task.result() for task in tasks] == [None, None]
    assert '"order":1' in made[0].lines[0]
    assert '"order":2' in made[1].lines[0]
    assert [each.lines[1] for each in made] == ["[1.0]", "[2.0]"]
