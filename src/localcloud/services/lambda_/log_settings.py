"""Where a function's logs go, in which format, and how much of them: its LoggingConfig."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.api import ApiError

LOGGING_KEY = "_localcloud_logging"  # moto drops it: it stands on moto's function
TEXT, JSON = "Text", "JSON"
_SYSTEM_LEVELS = ("DEBUG", "INFO", "WARN")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Levels are None with the format Text, which is not filtered. `custom`: the group is one of the user's own."""

    group: str
    json: bool = False
    application_level: str | None = None
    system_level: str | None = None
    custom: bool = False

    def takes_system(self, level: str) -> bool:
        """Whether a line of Lambda's own with this level (DEBUG, INFO or WARN) is logged."""
        if self.system_level is None:
            return True
        return _SYSTEM_LEVELS.index(level) >= _SYSTEM_LEVELS.index(self.system_level)


def described(function_name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The LoggingConfig with what Lambda fills in."""
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} if given.get("LogFormat") == JSON else {}
    return {"LogFormat": TEXT, **levels, "LogGroup": f"/aws/lambda/{function_name}", **given}


def log_settings(function_name: str, given: Mapping[str, Any], always_json: bool = False) -> LogSettings:
    """The settings as they work. `always_json`: functions on managed instances know no other format."""
    whole = described(function_name, {**given, "LogFormat": JSON} if always_json else given)
    return LogSettings(
        group=whole["LogGroup"],
        json=whole["LogFormat"] == JSON,
        application_level=whole.get("ApplicationLogLevel"),
        system_level=whole.get("SystemLogLevel"),
        custom="LogGroup" in given,
    )


def check_logging(given: Mapping[str, Any]) -> None:
    """Raises ApiError InvalidParameterValueException for levels without the format JSON."""
    if given.get("LogFormat", TEXT) == JSON:
        return
    for name in ("ApplicationLogLevel", "SystemLogLevel"):
        if name in given:
            message = (
                f"{name} isn't supported when LogFormat is set to TEXT. Remove {name} from your request or change the "
                "LogFormat to JSON and try again."
            )
            raise ApiError("InvalidParameterValueException", message, 400, Type="User")
