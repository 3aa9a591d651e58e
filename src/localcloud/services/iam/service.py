"""May a role do what it asks for?

Callers outside the simulation (a notebook, a test, another process at the server) are the account's administrator.
A function, an agent, a state machine, a schedule, a pipe or a rule acts as its role: the role's policies decide,
within its permissions boundary, together with the policy of the resource. A deny anywhere wins.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.principals import Principal
from localcloud.runtime.environment import ExecutionEnvironment, current_environment
from localcloud.services.iam.conditions import Context
from localcloud.services.iam.needs import Need, needs
from localcloud.services.iam.refusals import explicit, implicit, refusal, without_body
from localcloud.services.iam.resource_policies import ResourcePolicies
from localcloud.services.iam.resources import Place
from localcloud.services.iam.roles import RolePolicies, Roles
from localcloud.services.iam.sessions import Sessions
from localcloud.services.iam.statements import Effect, Request, effect_of

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Iam:
    """Decides. `enforced` is False in a cloud that lets every role do everything."""

    def __init__(self, cloud: Cloud, enforced: bool) -> None:
        self.enforced = enforced
        self._cloud = cloud
        self._roles = Roles(cloud.account_id)
        self._sessions = Sessions(cloud, self._roles)
        self._resources = ResourcePolicies(cloud)
        self._place = Place(cloud.account_id, cloud.region)
        # what the policies of a role allow without any condition, by action and resource
        self._allowed: dict[str, tuple[RolePolicies, dict[tuple[str, str], bool]]] = {}

    def install(self) -> None:
        """Check every call that comes out of an execution environment, and say who that is."""
        self._cloud.api.register("sts", "GetCallerIdentity", self._caller)
        if self.enforced:
            self._cloud.api.register("sts", "AssumeRole", self._sessions.assume)
            self._cloud.api.before_call(self._check)

    def _caller(self, call: ApiCall) -> dict[str, Any]:
        principal = self._principal(call)
        if principal is None:
            answer = self._cloud.api.stock(call)
            if ":user/" in answer["Arn"]:  # which moto takes for a part of STS
                answer["Arn"] = answer["Arn"].replace(":sts:", ":iam:")
            return answer
        return {"UserId": principal.user_id, "Account": principal.account_id, "Arn": principal.arn}

    def _principal(self, call: ApiCall) -> Principal | None:
        assumed = self._sessions.of(call)
        if assumed is not None:
            return assumed
        environment = current_environment(self._cloud.kernel)
        return environment.principal if environment is not None else None

    def _check(self, call: ApiCall) -> None:
        principal = self._principal(call)
        if principal is None:
            return
        try:
            self.authorize(principal, call.service, call.operation, call.params)
        except ApiError:
            self._cloud.kernel.sleep(self._cloud.latency.api_us(call.service, call.operation))  # an answer takes time
            raise

    # -- decisions -----------------------------------------------------------------------------

    def authorize(self, principal: Principal, service: str, operation: str, params: Mapping[str, Any]) -> None:
        """Raises ApiError when `principal` may not make a call by botocore's names of a service and an operation."""
        if not self.enforced or not principal.role_arn:  # TestState may do without a role
            return
        asked = [*needs(service, operation, params, self._place), *self._resources.missing(service, operation, params)]
        for one in asked:
            need = self._resources.named(service, params, one)
            why = self._why_not(principal, need, partial(self._resources.item_keys, service, operation, params, need))
            if why is not None:
                silent = without_body(operation) if service == "s3" else None
                raise silent or refusal(service, principal, need, why)
            if need.action in ("sts:AssumeRole", "sts:TagSession"):
                self._sessions.check(principal, Request(need.action, need.resource, self._context(principal, need)))

    def permits(self, principal: Principal, action: str, resource: str) -> bool:
        """Whether `principal` may do `action` ("logs:PutLogEvents") on the ARN `resource`."""
        return not self.enforced or self._why_not(principal, Need(action, resource)) is None

    def refusal_of_caller(self, action: str, resource: str) -> str | None:
        """Why who has sent the HTTP request that is being answered may not do `action` on the ARN `resource`, in
        AWS's words; None when they may.
        """
        sender = self._cloud.http.sender.get()
        principal = sender.principal if isinstance(sender, ExecutionEnvironment) else None
        if principal is None or not self.enforced:
            return None
        need = Need(action, resource)
        why = self._why_not(principal, need)
        return None if why is None else refusal(action.partition(":")[0], principal, need, why).message

    def can_assume(self, service: str, role_arn: str) -> bool:
        """Whether a service ("lambda.amazonaws.com") may act as a role, which must be there."""
        return not self.enforced or self._roles.trusts(role_arn, service)

    def _why_not(self, principal: Principal, need: Need, more: Callable[[], Context] = dict) -> str | None:
        """The end of AWS's sentence; None when it is allowed. `more` are condition keys that take a while to find."""
        policies = self._roles.policies(principal.role_arn)
        known = self._allowed.get(principal.role_arn)
        if known is None or known[0] is not policies:
            known = self._allowed[principal.role_arn] = policies, {}
        key = (need.action, need.resource)
        if not principal.policy and known[1].get(key) and not self._resources.has(need):
            return None
        request = Request(need.action, need.resource, {**self._context(principal, need), **more()})
        why = self._evaluate(principal, policies, request)
        plain = not any(one.depends for one in (*policies.identity, *(policies.boundary or ())))
        known[1][key] = why is None and plain and not principal.policy and not self._resources.has(need)
        return why

    def _evaluate(self, principal: Principal, policies: RolePolicies, request: Request) -> str | None:
        identity = effect_of(policies.identity, request)
        if identity is Effect.DENY:
            return explicit("an identity-based policy")
        boundary = effect_of(policies.boundary, request) if policies.boundary is not None else Effect.ALLOW
        if boundary is Effect.DENY:
            return explicit("a permissions boundary")
        session = effect_of(self._sessions.policy(principal), request) if principal.policy else Effect.ALLOW
        if session is Effect.DENY:
            return explicit("a session policy")
        about = self._resources.about(request.action, request.resource, principal)
        resource = effect_of(about, request)
        if resource is Effect.DENY:
            return explicit("a resource-based policy")
        # what a resource's policy lets a session do is not bounded; what it lets the role do is
        if effect_of([one for one in about if not one.names_role_only(principal)], request) is Effect.ALLOW:
            return None
        if identity is None and resource is None:
            return implicit()
        if boundary is not Effect.ALLOW:
            return implicit("permissions boundary")
        return None if session is Effect.ALLOW else implicit("session policy")

    def _context(self, principal: Principal, need: Need) -> Mapping[str, tuple[str, ...]]:
        unix_s = self._cloud.kernel.unix_us // 1_000_000
        account = (self._place.account_id,)
        tags = {**self._roles.tags(principal.role_arn), **dict(principal.tags)}
        return {
            "aws:currenttime": (self._cloud.now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
            "aws:epochtime": (str(unix_s),),
            "aws:multifactorauthpresent": ("false",),
            "aws:principalaccount": account,
            "aws:principalarn": (principal.role_arn,),
            "aws:principalisawsservice": ("false",),
            "aws:principaltype": ("AssumedRole",),
            "aws:requestedregion": (self._place.region,),
            "aws:resourceaccount": account,
            "aws:securetransport": ("true",),
            "aws:userid": (principal.user_id,),
            "aws:viaawsservice": ("false",),
            **{f"aws:principaltag/{name.lower()}": (value,) for name, value in tags.items()},
            **need.context,
        }
