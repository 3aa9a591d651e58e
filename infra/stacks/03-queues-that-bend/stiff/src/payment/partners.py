"""Calls to the bakery's partners over HTTPS."""

import json
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 8


class PartnerError(Exception):
    """A partner answered with an error, or not in time."""


def post(url, body, idempotency_key):
    request = urllib.request.Request(
        url,
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json", "idempotency-key": idempotency_key},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise PartnerError(f"{url} answered {error.code}") from error
    except OSError as error:
        raise PartnerError(f"{url} did not answer within {TIMEOUT_SECONDS} s") from error
