"""A channel to the customers' screens: AppSync Events."""

import json
import os
import urllib.request


def send(channel, message):
    """Publish one message. Best effort: an order never fails because its progress could not be shown."""
    body = {"channel": channel, "events": [json.dumps(message)]}
    request = urllib.request.Request(
        os.environ["PROGRESS_URL"],
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json", "x-api-key": os.environ["PROGRESS_KEY"]},
        method="POST",
    )
    try:
        urllib.request.urlopen(request, timeout=2).close()
    except OSError as error:
        print(json.dumps({"level": "WARNING", "channel": channel, "error": f"{channel}: {error}"}))
