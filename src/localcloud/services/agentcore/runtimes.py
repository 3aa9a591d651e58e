"""InvokeAgentRuntime: each session runs its agent in a micro-VM of its own.

An agent is plain Python: the entry point's module has a function `handler(payload)` or `handler(payload, context)`,
or an `app` whose `handlers["main"]` is one, as the AgentCore SDK's BedrockAgentCoreApp has. Payloads are JSON. What a
generator yields is streamed as server-sent events. Inbound authorisation is taken as granted.
"""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.response import StreamingBody

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.kernel import Task
from localcloud.runtime.modules import CodeCache
from localcloud.services.agentcore.agents import CONTROL, DEFAULT_ENDPOINT, Agents
from localcloud.services.agentcore.bodies import LiveBody
from localcloud.services.agentcore.identity import Identities
from localcloud.services.agentcore.metrics import Metrics
from localcloud.services.agentcore.sessions import RuntimeContext, Session

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

SERVICE = "bedrock-agentcore"


class Runtimes:
    """Runs agents. Sessions are isolated from one another and remembered until they end."""

    def __init__(self, cloud: Cloud, identities: Identities, metrics: Metrics) -> None:
        self._cloud = cloud
        self._agents = Agents(cloud)
        self._identities = identities
        self._metrics = metrics
        self._sessions: dict[tuple[str, str, str], Session] = {}
        self._cache = CodeCache()
        self._ids = cloud.kernel.streams["agentcore/ids"]
        self._init_us = round(cloud.facts.value("quota.agentcore.timeouts")["init_s"] * 1e6)
        self._request_us = round(cloud.facts.value("quota.agentcore.timeouts")["request_s"] * 1e6)

    def install(self) -> None:
        """Answer the operations, and bill sessions that are still there whenever the meter is read."""
        self._agents.install()
        self._cloud.api.register(SERVICE, "InvokeAgentRuntime", self._invoke)
        self._cloud.api.register(SERVICE, "StopRuntimeSession", self._stop)
        self._cloud.api.register(CONTROL, "DeleteAgentRuntime", self._delete)
        self._cloud.meter.before_reading.append(self._settle)

    def sessions(self) -> tuple[str, ...]:
        """The ids of the sessions that are there now, oldest first."""
        return tuple(session.id for session in self._sessions.values())

    def _settle(self) -> None:
        for session in self._sessions.values():
            session.settle()

    # -- operations ----------------------------------------------------------------------------

    def _invoke(self, call: ApiCall) -> dict[str, Any]:
        params, started_us = call.params, self._cloud.kernel.now_us
        agent = self._agents.find(params["agentRuntimeArn"], params.get("qualifier"))
        endpoint = params.get("qualifier") or DEFAULT_ENDPOINT
        name = f"{agent.name}::{endpoint}"
        session_id = params.get("runtimeSessionId") or uuid4_text(self._ids)
        try:
            body, content_type = self._run(self._session(call, session_id, endpoint, name), params)
        except ApiError as exc:
            self._metrics.runtime(agent.arn, name, started_us, "SystemErrors" if exc.status >= 500 else "UserErrors")
            raise
        self._metrics.runtime(agent.arn, name, started_us, None)
        return {
            "runtimeSessionId": session_id,
            "contentType": content_type,
            "response": StreamingBody(body, None),
            "statusCode": 200,
        }

    def _stop(self, call: ApiCall) -> dict[str, Any]:
        endpoint = call.params.get("qualifier") or DEFAULT_ENDPOINT
        session_id = call.params["runtimeSessionId"]
        session = self._sessions.get((call.params["agentRuntimeArn"], endpoint, session_id))
        if session is None:
            self._agents.find(call.params["agentRuntimeArn"], endpoint)
            raise ApiError("ResourceNotFoundException", f"Session {session_id} not found", 404)
        session.end()
        return {"runtimeSessionId": session_id, "statusCode": 200}

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        """A runtime's sessions end with it."""
        answer = self._cloud.api.stock(call)
        for session in list(self._sessions.values()):
            if session.agent.id == call.params["agentRuntimeId"]:
                session.end()
        return answer

    # -- one invocation ------------------------------------------------------------------------

    def _session(self, call: ApiCall, session_id: str, endpoint: str, name: str) -> Session:
        """The session's micro-VM: the one it has, or a new one with the endpoint's version of today.

        A request that comes while it starts waits with the first.
        """
        key = (call.params["agentRuntimeArn"], endpoint, session_id)
        session = self._sessions.get(key)
        if session is not None:
            session.started.wait()
            if session.over:
                raise _client_error(_FAILED)
            return session
        agent = self._agents.find(key[0], endpoint)

        def forget() -> None:
            self._sessions.pop(key, None)

        made = Session(self._cloud, agent, session_id, endpoint, self._cache, forget)
        self._sessions[key] = made
        self._metrics.session(agent.arn, name)
        self._start(made)
        return made

    def _start(self, session: Session) -> None:
        kernel = self._cloud.kernel
        session.enter()
        try:
            kernel.sleep(self._cloud.latency.fact_us("model.api.agentcore.session_cold_start"))
            task = kernel.spawn(session.load, group=session.environment, name=f"{session.agent.name} init")
            if not task.join(self._init_us):
                session.end()
                raise _client_error(
                    "Runtime initialization time exceeded. Please make sure that initialization completes in "
                    f"{self._init_us // 1_000_000}s."
                )
            if task.exception is not None:
                self._report(session, task.exception)
                session.end()
                raise _client_error(_FAILED)
        finally:
            session.leave()
            session.started.set()

    def _run(self, session: Session, params: dict[str, Any]) -> tuple[Any, str]:
        """The body of the answer and its content type."""
        payload = params["payload"]
        content = payload.read() if hasattr(payload, "read") else payload
        try:
            event = json.loads(content or b"{}")
        except ValueError as exc:
            raise _client_error("Received error (400) from runtime. The payload is not JSON.") from exc
        token = self._identities.runtime_token(session.agent.id, params.get("runtimeUserId"))
        headers = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": session.id, "WorkloadAccessToken": token}
        context = RuntimeContext(session.id, headers)
        session.enter()
        task = self._cloud.kernel.spawn(
            self._call, session, event, context, group=session.environment, name=session.agent.name
        )
        streamed = False
        try:
            answer = self._answer_of(session, task)
            streamed = inspect.isgenerator(answer) or inspect.isasyncgen(answer)
            if streamed:
                return self._stream(session, answer), "text/event-stream"
        finally:
            if not streamed:
                session.leave()
        return io.BytesIO(json.dumps(answer, ensure_ascii=False, default=str).encode()), "application/json"

    @staticmethod
    def _call(session: Session, event: Any, context: RuntimeContext) -> Any:
        answer = session.call(event, context)
        return asyncio.run(answer) if inspect.iscoroutine(answer) else answer

    def _answer_of(self, session: Session, task: Task) -> Any:
        if not task.join(self._request_us):
            self._cloud.kernel.kill(task)
            raise _client_error("Received error (504) from runtime: the request took too long.")
        if task.exception is not None:
            self._report(session, task.exception)
            raise _client_error(_FAILED)
        return task.value

    def _stream(self, session: Session, answer: Any) -> LiveBody:
        """What the agent yields, event by event, while it goes on."""
        body = LiveBody(self._cloud.kernel)

        def pump() -> None:
            try:
                if inspect.isgenerator(answer):
                    for item in answer:
                        body.write(_event(item))
                else:
                    asyncio.run(drain())
            except Exception as exc:  # noqa: BLE001 - the answer has begun: what fails now is its last event
                self._report(session, exc)
                body.write(_event({"error": str(exc), "error_type": type(exc).__name__}))
            finally:
                body.close()
                session.leave()

        async def drain() -> None:
            async for item in answer:
                body.write(_event(item))

        self._cloud.kernel.spawn(pump, group=session.environment, name=f"{session.agent.name} stream")
        return body

    def _report(self, session: Session, exc: BaseException) -> None:
        for line in _lines(exc, session):
            session.log(line)


_FAILED = "Received error (500) from runtime. Please check your CloudWatch logs for more information."


def _client_error(message: str) -> ApiError:
    return ApiError("RuntimeClientError", message, 424)


def _event(item: Any) -> bytes:
    """One server-sent event."""
    return f"data: {json.dumps(item, ensure_ascii=False, default=str)}\n\n".encode()


def _lines(exc: BaseException, session: Session) -> Iterator[str]:
    """The error, with the frames of the agent's own code at the paths that they have in the micro-VM."""
    root = str(session.agent.code)
    for frame in traceback.extract_tb(exc.__traceback__):
        if frame.filename.startswith(root):
            yield f'File "/var/task{frame.filename.removeprefix(root)}", line {frame.lineno}, in {frame.name}'
    yield f"[ERROR] {type(exc).__name__}: {exc}"
