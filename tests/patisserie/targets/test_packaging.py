"""Templates and the code beside them become what CloudFormation takes."""

from __future__ import annotations

import io
import os
import zipfile

import pytest

from patisserie.targets.packaging import PackagingError, load_template, package, zip_directory

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {CodeUri: src/}
Resources:
  One: {Type: 'AWS::Serverless::Function', Properties: {Handler: app.handler}}
  Two: {Type: 'AWS::Serverless::Function', Properties: {Handler: app.handler, CodeUri: other/}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties: {Version: 2012-10-17, Queues: [!Ref Q, !GetAtt Q.Arn, !Sub '${Q}-x']}
"""


@pytest.fixture
def stack(tmp_path):
    (tmp_path / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    for directory in ("src", "other"):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "app.py").write_text(f"NAME = {directory!r}\n", encoding="utf-8")
    return tmp_path


def test_every_code_directory_is_uploaded_once_and_named_by_its_content(stack):
    packaged = package(stack / "template.yaml", "bucket")
    assert len(packaged.archives) == 2
    uri = packaged.template["Globals"]["Function"]["CodeUri"]
    assert uri.removeprefix("s3://bucket/") in {archive.key for archive in packaged.archives}


def test_short_tags_become_long_forms_and_dates_stay_text(stack):
    properties = load_template(stack / "template.yaml")["Resources"]["Policy"]["Properties"]
    assert properties["Queues"] == [{"Ref": "Q"}, {"Fn::GetAtt": ["Q", "Arn"]}, {"Fn::Sub": "${Q}-x"}]
    assert properties["Version"] == "2012-10-17"


def test_an_archive_does_not_depend_on_times_or_caches(stack):
    before = zip_directory(stack / "src")
    os.utime(stack / "src" / "app.py", (1, 1))
    (stack / "src" / "__pycache__").mkdir()
    (stack / "src" / "__pycache__" / "app.pyc").write_bytes(b"x")
    assert zip_directory(stack / "src") == before
    assert zipfile.ZipFile(io.BytesIO(before)).namelist() == ["app.py"]


def test_a_missing_code_directory_is_named(stack):
    (stack / "other" / "app.py").unlink()
    with pytest.raises(PackagingError, match="'other/'"):
        package(stack / "template.yaml", "bucket")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("a: [", "YAML not well-formed"), ("hello: world", "At least one Resources member"), (None, "No template")],
)
def test_a_broken_template_gets_one_clear_sentence(tmp_path, text, reason):
    path = tmp_path / "template.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(PackagingError, match=reason):
        load_template(path)
