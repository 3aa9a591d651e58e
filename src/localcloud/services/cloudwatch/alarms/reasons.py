"""Why an alarm is in its state, in CloudWatch's words."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from localcloud.services.cloudwatch.alarms.alarm import ALARM, INSUFFICIENT_DATA
from localcloud.services.cloudwatch.alarms.evaluation import PHRASES, Criterion


def reason_of(state: str, found: list[float | None], starts: range, criterion: Criterion) -> str:
    """The StateReason, as CloudWatch words it."""
    real = [(at, value) for at, value in zip(starts, found, strict=True) if value is not None][-criterion.periods :]
    if not real:
        if state == INSUFFICIENT_DATA:
            return f"Insufficient Data: {criterion.periods} datapoint{_s(criterion.periods)} were unknown."
        treated = "Breaching" if state == ALARM else "NonBreaching"
        periods = f"{criterion.periods} period{_s(criterion.periods)}"
        filled = f"{criterion.periods} missing datapoint{_s(criterion.periods)}"
        return f"Threshold Crossed: no datapoints were received for {periods} and {filled} were treated as [{treated}]."
    shown = [(at, value) for at, value in real if criterion.breaches(value) == (state == ALARM)]
    values = ", ".join(
        f"{value} ({datetime.fromtimestamp(at, UTC):%d/%m/%y %H:%M:%S})" for at, value in reversed(shown)
    )
    negation = "" if state == ALARM else "not "
    counted = f"{len(shown)} out of the last {criterion.periods} datapoint{_s(criterion.periods)}"
    return (
        f"Threshold Crossed: {counted} [{values}] {'was' if len(shown) == 1 else 'were'} {negation}"
        f"{PHRASES[criterion.comparison]} the threshold ({criterion.threshold}) (minimum {criterion.needed} "
        f"datapoint{_s(criterion.needed)} for {'OK -> ALARM' if state == ALARM else 'ALARM -> OK'} transition)."
    )


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def reason_data(found: list[float | None], criterion: Criterion, now: datetime) -> str:
    """The StateReasonData, as JSON."""
    recent = [value for value in found if value is not None][-criterion.periods :]
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": f"{now.isoformat()[:19]}.000+0000",
            "recentDatapoints": recent,
            "threshold": criterion.threshold,
        }
    )
