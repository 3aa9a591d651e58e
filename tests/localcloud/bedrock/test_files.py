"""Scripts in files."""

from __future__ import annotations

import json

import pytest

from localcloud.errors import ConfigurationError
from localcloud.services.bedrock.files import read_scripts

MODEL = "amazon.nova-lite-v1:0"
TOOLS = {"tools": [{"toolSpec": {"name": "stock_of", "inputSchema": {"json": {"type": "object"}}}}]}
SCRIPT = {
    MODEL: [
        {"says": "operas", "answer": ["I look.", {"tool": "stock_of", "input": {"cake": "opera"}}]},
        {"after": "stock_of", "answer": "The shelf says {result}."},
    ]
}


def test_rules_of_a_file_answer_as_rules_of_python_do(cloud, tmp_path):
    file = tmp_path / "models.json"
    file.write_text(json.dumps(SCRIPT))
    for model, rules in read_scripts(file).items():
        cloud.bedrock.script(model, rules)
    client = cloud.client("bedrock-runtime")
    messages = [{"role": "user", "content": [{"text": "How many operas?"}]}]
    called = client.converse(modelId=MODEL, messages=messages, toolConfig=TOOLS)["output"]["message"]
    use = called["content"][1]["toolUse"]
    assert use["input"] == {"cake": "opera"}
    for content, said in (({"json": {"left": 3}}, '{"left": 3}'), ({"text": "three"}, "three")):
        result = {"toolResult": {"toolUseId": use["toolUseId"], "content": [content]}}
        answer = client.converse(
            modelId=MODEL, messages=[*messages, called, {"role": "user", "content": [result]}], toolConfig=TOOLS
        )
        assert answer["output"]["message"]["content"] == [{"text": f"The shelf says {said}."}]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "cannot be read"),
        ("[]", "a list of rules for each model"),
        ('{"m": [{"says": "x"}]}', "A rule has `answer`"),
        ('{"m": [{"answer": "x", "sayz": "y"}]}', "A rule has `answer`"),
        ('{"m": [{"answer": {"tool": "x"}}]}', "An answer is a text or"),
    ],
)
def test_a_file_that_is_no_script_is_refused(tmp_path, content, why):
    file = tmp_path / "models.json"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=why):
        read_scripts(file)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_scripts(tmp_path / "none.json")
