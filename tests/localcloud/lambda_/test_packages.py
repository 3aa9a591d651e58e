"""Packages: what they weigh in Init, layers, limits, tags, and where the code can be fetched from."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report
from localcloud.net import HttpRequest
from localcloud.services.lambda_.import_weight import ImportWeight

HANDLER = "def handler(event, context): return 1"


def package(files):
    """A zip of files: package({"app.py": "..."})."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def heavy(app):
    """A package whose `pastry` imports 60 modules of 40 KB each."""
    modules = {f"pastry/m{number}.py": f"x = {number}\n" + "# padding\n" * 4_000 for number in range(60)}
    imports = "\n".join(f"from pastry import m{number}" for number in range(60))
    return package({"app.py": app, "pastry/__init__.py": imports, **modules})


@pytest.fixture
def client(cloud):
    return cloud.client("lambda")


@pytest.fixture
def create(cloud, client):
    """Create a function from a zip: create("name", package({...}), Timeout=5)."""
    role = cloud.client("iam").create_role(RoleName="test", AssumeRolePolicyDocument="{}")["Role"]["Arn"]

    def run(name="oven", code=None, **settings):
        settings = {"Handler": "app.handler", "Runtime": "python3.13", "Role": role, "MemorySize": 1769, **settings}
        archive = code or package({"app.py": HANDLER})
        return client.create_function(FunctionName=name, Code={"ZipFile": archive}, **settings)

    return run


@pytest.fixture
def times(invoke, log_lines):
    """(Init Duration, Duration) of one more invocation, in ms; no Init is 0."""

    def run(name):
        invoke(name)
        report = next(line for line in reversed(log_lines(name)) if line.startswith("REPORT"))
        parts = dict(part.split(": ", 1) for part in report.strip().split("\t"))
        return tuple(float(parts.get(key, "0 ms").split()[0]) for key in ("Init Duration", "Duration"))

    return run


LAZY = "def handler(event, context):\n    import pastry\n    return pastry.m1.x"
EAGER = "import pastry\ndef handler(event, context): return pastry.m1.x"


def test_heavy_imports_make_init_longer_and_lazy_ones_the_first_call(create, times):
    create("small")
    create("eager", heavy(EAGER), Timeout=30)
    create("lazy", heavy(LAZY), Timeout=30)
    create("lean", heavy(LAZY), Timeout=30, MemorySize=442)
    small, eager, lazy, lean = times("small"), times("eager"), times("lazy"), times("lean")
    assert eager[0] > small[0] + 80  # 62 modules with 2,400 KB
    assert abs(lazy[0] - small[0]) < 100
    assert eager[1] < 20
    assert lazy[1] > 80
    assert lean[1] > 3 * lazy[1]  # no full CPU after Init
    assert times("lazy")[1] < 20


def test_the_weight_of_imports_is_the_facts(cloud):
    """The SDK's own imports weigh what they were measured to add: it is what the model was calibrated on."""
    facts, weight = cloud.facts.value("model.lambda.import_weight"), ImportWeight(cloud.facts)
    free = facts["free_modules"], facts["free_kb"] * 1_024
    assert weight.executed_us(*free) == 0
    sdk_ms = weight.executed_us(free[0] + 307, free[1] + 5_669 * 1_024) / 1_000
    assert sdk_ms == pytest.approx(cloud.facts.value("model.lambda.boto3_init")["p50"], rel=0.02)


def test_a_large_package_starts_later_without_a_longer_init(cloud, create, invoke):
    noise = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(1_000_000))  # 32 MB

    def waited_ms(name):
        before = cloud.kernel.now_us
        invoke(name)
        return (cloud.kernel.now_us - before) / 1_000

    create("small")
    create("large", package({"app.py": HANDLER, "data": noise}))
    functions, weight = cloud.lambda_.functions, ImportWeight(cloud.facts)
    assert 250_000 < weight.download_us(functions.package_bytes(functions.get("large"))) < 350_000
    assert weight.download_us(functions.package_bytes(functions.get("small"))) == 0
    assert waited_ms("large") > waited_ms("small")


# -- layers ----------------------------------------------------------------------------------------


def publish(client, name, text, path="python/cake.py"):
    return client.publish_layer_version(LayerName=name, Content={"ZipFile": package({path: text})})["LayerVersionArn"]


USES = package({"app.py": "import cake\ndef handler(event, context): return cake.NAME"})


def test_layers_lie_over_one_another_and_under_the_code(client, create, invoke):
    first, second = publish(client, "a", "NAME = 'first'"), publish(client, "b", "NAME = 'second'")
    create("one", USES, Layers=[first, second])
    create("two", USES, Layers=[second, first])
    own = package({"app.py": "import cake\ndef handler(event, context): return cake.NAME", "cake.py": "NAME = 'own'"})
    create("three", own, Layers=[first])
    assert [invoke(name)[0] for name in ("one", "two", "three")] == ["second", "first", "own"]
    site = publish(client, "c", "NAME = 'site'", "python/lib/python3.13/site-packages/cake.py")
    create("four", USES, Layers=[site])
    assert invoke("four")[0] == "site"


LOOKS = """
import os
def handler(event, context):
    texts = [open(path).read() for path in event if os.path.isfile(path)]
    return texts, sorted(os.listdir("/opt")), os.access("/opt/menu", os.R_OK)
"""


def test_every_file_of_the_layers_is_in_opt(client, create, invoke):
    arns = [
        publish(client, "a", "cakes", "menu/cakes.txt"), publish(client, "b", "breads", "menu/breads.txt"),
        publish(client, "c", "NAME = 1"),
    ]  # fmt: skip
    create("reader", package({"app.py": LOOKS}), Layers=arns)
    paths = ["/opt/menu/cakes.txt", "/opt/menu/breads.txt", "/opt/python/cake.py", "/opt/nothing.txt"]
    assert invoke("reader", paths)[0] == [["cakes", "breads", "NAME = 1"], ["menu", "python"], True]
    create("without", package({"app.py": LOOKS}), Layers=arns[:1])
    assert invoke("without", paths)[0] == [["cakes"], ["menu"], True]


def test_a_deleted_layer_version_stays_with_its_functions(cloud, client, create, invoke):
    arn = publish(client, "a", "NAME = 'kept'")
    create("old", USES, Layers=[arn])
    client.delete_layer_version(LayerName="a", VersionNumber=1)
    assert invoke("old")[0] == "kept"
    with pytest.raises(ClientError):
        create("new", USES, Layers=[arn])


def test_at_most_five_layers_and_one_version_of_each(client, create):
    arns = [publish(client, f"l{number}", "NAME = 1") for number in range(6)]
    with pytest.raises(ClientError, match="Cannot reference more than 5 layers"):
        create(Layers=arns)
    create(Layers=arns[:5])
    with pytest.raises(ClientError, match="Two different versions of the same layer"):
        client.update_function_configuration(FunctionName="oven", Layers=[arns[0], publish(client, "l0", "NAME = 2")])


def test_layers_have_permissions_and_versions(client):
    publish(client, "a", "NAME = 1")
    arn = publish(client, "a", "NAME = 2")
    assert [one["Version"] for one in client.list_layer_versions(LayerName="a")["LayerVersions"]] == [2, 1]
    assert client.get_layer_version_by_arn(Arn=arn)["Version"] == 2
    client.add_layer_version_permission(
        LayerName="a", VersionNumber=2, StatementId="all", Action="lambda:GetLayerVersion", Principal="*"
    )
    policy = json.loads(client.get_layer_version_policy(LayerName="a", VersionNumber=2)["Policy"])
    assert [one["Sid"] for one in policy["Statement"]] == ["all"]
    client.remove_layer_version_permission(LayerName="a", VersionNumber=2, StatementId="all")


# -- limits ----------------------------------------------------------------------------------------


def zeros(megabytes):
    return package({"app.py": HANDLER, "data": b"\0" * (megabytes * 1_048_576)})


def test_a_package_has_at_most_250_mb_unzipped_with_its_layers(client, create):
    with pytest.raises(ClientError, match="Unzipped size must be smaller than 262144000 bytes"):
        create(code=zeros(251))
    arn = client.publish_layer_version(LayerName="big", Content={"ZipFile": zeros(150)})["LayerVersionArn"]
    create(code=zeros(120))
    with pytest.raises(ClientError, match="Function code combined with layers exceeds the maximum allowed size"):
        client.update_function_configuration(FunctionName="oven", Layers=[arn])
    client.update_function_code(FunctionName="oven", ZipFile=zeros(50))
    client.update_function_configuration(FunctionName="oven", Layers=[arn])


def test_an_upload_has_at_most_50_mb(create):
    with pytest.raises(ClientError, match="Request must be smaller than 69905067 bytes") as caught:
        create(code=b"x" * (50 * 1_048_576 + 1))
    assert caught.value.response["Error"]["Code"] == "RequestEntityTooLargeException"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"NOTE": "x" * 4_090}, "exceeded the 4KB limit"),
        (
            {"AWS_REGION": "x", "AWS_LAMBDA_FUNCTION_NAME": "y"},
            "Reserved keys used in this request: AWS_LAMBDA_FUNCTION_NAME, AWS_REGION",
        ),
    ],
)
def test_variables_are_few_and_not_lambdas_own(client, create, variables, message):
    create()
    with pytest.raises(ClientError, match=message):
        create("other", Environment={"Variables": variables})
    with pytest.raises(ClientError, match=message):
        client.update_function_configuration(FunctionName="oven", Environment={"Variables": variables})
    client.update_function_configuration(FunctionName="oven", Environment={"Variables": {"NOTE": "x" * 4_000}})


# -- what is told and what is paid -------------------------------------------------------------------


def test_the_code_can_be_fetched_for_ten_minutes(cloud, client, create):
    code = package({"app.py": HANDLER})
    told = create(code=code)
    digest = base64.b64encode(hashlib.sha256(code).digest()).decode()
    assert (told["CodeSha256"], told["CodeSize"]) == (digest, len(code))
    place = client.get_function(FunctionName="oven")["Code"]
    assert place["RepositoryType"] == "S3"

    def fetch():
        return cloud.kernel.call(cloud.http.request, HttpRequest("GET", place["Location"]))

    assert fetch().body == code
    cloud.wait(601)
    assert fetch().status == 403


def test_more_storage_is_paid_for_by_the_second(cloud, client, create, invoke):
    create(EphemeralStorage={"Size": 1_536})
    assert client.get_function_configuration(FunctionName="oven")["EphemeralStorage"] == {"Size": 1_536}
    before = cloud.meter.snapshot()
    invoke("oven")
    used = cloud.meter.since(before)
    seconds = used.total("lambda.gb_s.x86") / 1769 * 1_024
    assert used.total("lambda.ephemeral_gb_s") == pytest.approx(seconds)
    assert cost_report(used, cloud.facts).of("lambda.ephemeral") > 0
    client.update_function_configuration(FunctionName="oven", EphemeralStorage={"Size": 512})
    before = cloud.meter.snapshot()
    invoke("oven")
    assert cloud.meter.since(before).total("lambda.ephemeral_gb_s") == 0


def test_arm_is_cheaper_and_starts_sooner(cloud, create, times):
    create("x86")
    create("arm", Architectures=["arm64"])
    before = cloud.meter.snapshot()
    times("arm")
    arm = cloud.meter.since(before)
    times("x86")
    assert (arm.total("lambda.gb_s.arm64") > 0, arm.total("lambda.gb_s.x86")) == (True, 0)
    price = {name: cloud.facts.value(f"price.lambda.{name}.gb_second")[0]["usd"] for name in ("x86", "arm64")}
    assert price["arm64"] < price["x86"]


def test_tags_come_from_calls_and_from_templates(cloud, client, create):
    arn = create(Tags={"shop": "Lyon"})["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={"year": "2022"})
    client.untag_resource(Resource=arn, TagKeys=["shop"])
    assert client.list_tags(Resource=arn)["Tags"] == {"year": "2022"}
    template = """
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Oven:
        Type: AWS::Serverless::Function
        Properties:
          {Handler: index.handler, Runtime: python3.13, InlineCode: 'def handler(e, c): return 1', Tags: {team: cakes}}
    """
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(
        StackName="shop", TemplateBody=template, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Tags=[{"Key": "cost", "Value": "shop"}],
    )  # fmt: skip
    cloudformation.get_waiter("stack_create_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
    (name,) = [one["FunctionName"] for one in client.list_functions()["Functions"] if one["FunctionName"] != "oven"]
    tags = client.get_function(FunctionName=name)["Tags"]
    assert (tags["team"], tags["cost"]) == ("cakes", "shop")
    changed = template.replace("team: cakes", "oven: hot").replace("return 1", "return 2")
    cloudformation.update_stack(
        StackName="shop", TemplateBody=changed, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Tags=[{"Key": "cost", "Value": "shop"}],
    )  # fmt: skip
    cloudformation.get_waiter("stack_update_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
    tags = client.get_function(FunctionName=name)["Tags"]
    assert ("team" in tags, tags["oven"], tags["cost"]) == (False, "hot", "shop")
