"""A function that makes the calls it is told of, and says how each ended."""

from __future__ import annotations

# Given a list of (service, operation, parameters) it returns "ok", "refused" or another error's code for each; given
# anything else, as an event is, it prints "called".
SOURCE = """
import boto3
def handler(event, context):
    if not isinstance(event, list):
        print("called")
        return "hello"
    told = []
    for service, operation, parameters in event:
        try:
            getattr(boto3.client(service), operation)(**parameters)
            told.append("ok")
        except Exception as exc:
            code = exc.response["Error"]["Code"]
            told.append("refused" if code in ("AccessDenied", "AccessDeniedException", "AuthorizationError") else code)
    return told
"""
