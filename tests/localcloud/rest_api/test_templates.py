"""Mapping templates: what $input, $util and $context give, and what AWS refuses."""

from __future__ import annotations

import json

import pytest

from localcloud.net import HttpResponse

ORDER = {"id": "7", "name": 'O\'Neil "x"', "lines": [{"what": "roll", "n": 2}, {"what": "tart", "n": 1}], "gift": False}
UNSUPPORTED = (415, {"message": "Unsupported Media Type"})
BROKEN = (500, {"message": "Internal server error"})


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$input.json('$.id')", '"7"'),
        ("$input.json('$.missing')", '""'),
        ("$input.path('$.missing')", ""),
        ("$input.json('$.lines[*].what')", '["roll","tart"]'),
        ("$input.json(\"$['lines'][-1]\")", '{"what":"tart","n":1}'),
        ("$input.json('$..n')", "[2,1]"),
        ("$input.path('$.gift')", "false"),
        ("#set($root = $input.path('$'))$root.lines[0].what $root.lines.size()", "roll 2"),
        (
            "#foreach($line in $input.path('$.lines'))$foreach.index:$line.what#if($foreach.hasNext),#end#end",
            "0:roll,1:tart",
        ),
        ("#if($input.path('$.lines').size() > 1)many#{else}one#end", "many"),
        ("$util.escapeJavaScript($input.path('$.name'))", 'O\\\'Neil \\"x\\"'),
        ("$util.urlEncode('a b&c')$util.urlDecode('a%20b')", "a+b%26ca b"),
        ("$util.base64Encode('hi')$util.base64Decode('aGk=')", "aGk=hi"),
        ("$util.parseJson('{\"a\": [1]}').a[0]", "1"),
        ("$input.params('q') $input.params().querystring.q", "v v"),
        ("#foreach($p in $input.params().path.keySet())$p=$input.params().path.get($p)#end", "place=here"),
        ("$context.httpMethod $context.stage $context.identity.sourceIp", "POST live 192.0.2.1"),
        ("$stageVariables.season ${stageVariables.season}", "winter winter"),
        ("$context.nothing.at.all", ""),
        ("#set($m = {})#set($x = $m.put('a', 1))#foreach($e in $m.entrySet())$e.key:$e.value#end", "a:1"),
    ],
)
def test_a_template_gives(api, template, expected):
    integration = {
        "type": "HTTP",
        "integrationHttpMethod": "POST",
        "uri": "https://echo.example/",
        "requestTemplates": {"application/json": template},
    }
    api.method("POST", "/{place}", integration, [{"statusCode": "200"}])
    api.cloud.http.serve("echo.example", lambda request: HttpResponse(200, {}, request.body))
    api.deploy(variables={"season": "winter"})
    assert api.call("POST", "/here?q=v", ORDER)[2].body.decode() == expected


def test_a_template_overrides_status_and_headers(mock):
    api = mock(
        response_template="#set($context.responseOverride.status = 402)"
        '#set($context.responseOverride.header.Pay = "now")no'
    )
    api.deploy()
    status, body, response = api.call("POST", "/it", {})
    assert (status, body, response.headers["pay"]) == (402, "no", "now")


@pytest.mark.parametrize(
    "template",
    [
        "#if($x",
        "#foreach($x in [1,2,3])",
        "$input.path('not a path')",
        "$util.parseJson('{')",
        "#foreach($i in [1..1001])$i#end",
        "#foreach($i in [1..100])#foreach($j in [1..100])$j#end#end",
        "#foreach($i in 5)$i#end",
    ],
)
def test_a_bad_template_is_a_500_and_the_cloud_stays_usable(mock, template):
    api = mock(response_template=template)
    mock(response_template='{"ok": 1}', path="/good")
    api.deploy()
    assert api.call("POST", "/it", {})[:2] == BROKEN
    assert api.call("POST", "/good", {})[:2] == (200, {"ok": 1})


def test_a_thousand_turns_are_allowed(mock):
    api = mock(response_template="#foreach($i in [1..1000])x#end")
    api.deploy()
    assert api.call("POST", "/it", {})[:2] == (200, "x" * 1000)


@pytest.mark.parametrize("template", ["nothing", '{"status": 200}', '{"statusCode": "x"}', "[200]"])
def test_a_mock_needs_a_status(mock, template):
    api = mock(request_template=template)
    api.deploy()
    assert api.call("POST", "/it", {})[:2] == BROKEN


def test_a_status_without_response_is_a_500(api):
    integration = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 404}'}}
    api.method("GET", "/x", integration, [{"statusCode": "200", "selectionPattern": "200"}])
    api.deploy()
    assert api.call("GET", "/x")[:2] == BROKEN


@pytest.mark.parametrize(
    ("behaviour", "templates", "kind", "expected"),
    [
        ("WHEN_NO_MATCH", {"application/json": "mapped"}, "text/plain", (200, "raw")),
        (
            "WHEN_NO_TEMPLATES",
            {"application/json": "mapped"},
            "text/plain",
            (415, {"message": "Unsupported Media Type"}),
        ),
        ("WHEN_NO_TEMPLATES", {}, "text/plain", (200, "raw")),
        ("NEVER", {}, "text/plain", UNSUPPORTED),
        ("NEVER", {"application/json": "mapped"}, "application/json; charset=utf-8", (200, "mapped")),
    ],
)
def test_passthrough_behaviours(api, behaviour, templates, kind, expected):
    integration = {
        "type": "HTTP",
        "integrationHttpMethod": "POST",
        "uri": "https://echo.example/",
        "requestTemplates": templates,
        "passthroughBehavior": behaviour,
    }
    api.method("POST", "/x", integration, [{"statusCode": "200"}])
    api.cloud.http.serve("echo.example", lambda request: HttpResponse(200, {}, request.body))
    api.deploy()
    assert api.call("POST", "/x", b"raw", content_type=kind)[:2] == expected


def test_cors_by_mock(api):
    headers = {
        "method.response.header.Access-Control-Allow-Origin": "'https://shop.example'",
        "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'",
    }
    integration = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 204}'}}
    api.method("OPTIONS", "/x", integration, [{"statusCode": "204", "responseParameters": headers}])
    api.deploy()
    status, _, response = api.call("OPTIONS", "/x", origin="https://shop.example")
    assert status == 204
    assert response.headers["access-control-allow-origin"] == "https://shop.example"
    assert response.headers["access-control-allow-methods"] == "GET,OPTIONS"


def test_http_integrations(api):
    seen = []

    def shop(request):
        seen.append(request)
        status = 404 if "lost" in request.path else 200
        return HttpResponse(status, {"content-type": "application/json", "x-shelf": "3"}, b'{"found": true}')

    api.cloud.http.serve("shop.example", shop)
    mapping = {
        "integration.request.path.id": "method.request.path.id",
        "integration.request.header.X-Who": "context.identity.sourceIp",
        "integration.request.querystring.fixed": "'yes'",
        "integration.request.header.X-Name": "method.request.body.who.name",
    }
    uri = "https://shop.example/items/{id}"
    proxy = {"type": "HTTP_PROXY", "integrationHttpMethod": "ANY", "uri": uri, "requestParameters": mapping}
    api.method("ANY", "/proxy/{id}", proxy)
    custom = {**proxy, "type": "HTTP", "integrationHttpMethod": "PUT"}
    lost = {"statusCode": "410", "selectionPattern": "4\\d\\d", "responseTemplates": {"application/json": "gone"}}
    shelf = {"method.response.header.Shelf": "integration.response.header.X-Shelf"}
    api.method("POST", "/custom/{id}", custom, [{"statusCode": "200", "responseParameters": shelf}, lost])
    api.method("GET", "/nobody", {**proxy, "uri": "https://nobody.example/"})
    api.deploy()
    assert api.call("POST", "/proxy/7?a=b", {"who": {"name": "Zoé"}})[:2] == (200, {"found": True})
    assert (seen[-1].method, seen[-1].url) == ("POST", "https://shop.example/items/7?a=b&fixed=yes")
    assert seen[-1].headers["x-who"] == "192.0.2.1"
    assert seen[-1].headers["x-name"] == "Zoé"
    assert json.loads(seen[-1].body) == {"who": {"name": "Zoé"}}
    assert api.call("POST", "/custom/8?a=b", {})[2].headers["shelf"] == "3"
    assert (seen[-1].method, seen[-1].url) == ("PUT", "https://shop.example/items/8?fixed=yes")
    assert api.call("POST", "/custom/lost", {})[:2] == (410, "gone")
    assert api.call("GET", "/nobody")[:2] == (504, {"message": "Network error communicating with endpoint"})
