"""Moments of a topic as a person says them: now, the beginning, five minutes ago, a time."""

from __future__ import annotations

from datetime import datetime, timezone

from flightlib import durations
from flightlib.errors import SettingError

NOW, BEGINNING = "now", "beginning"
Moment = str | int | datetime


def epoch_ms(what: str, moment: Moment, now_ms: int) -> int:
    """Turn a moment into epoch milliseconds; the beginning is 0.

    `moment` is "now", "beginning", "5m" (ago; s, m or h), a time such as "2026-11-25 14:30" (UTC
    unless it says otherwise), a datetime, or epoch milliseconds. Raises SettingError, naming
    `what`, for anything else.
    """
    if isinstance(moment, datetime):
        return _of(moment)
    if isinstance(moment, int) and not isinstance(moment, bool):
        return moment
    text = str(moment).strip()
    if text in (NOW, BEGINNING):
        return now_ms if text == NOW else 0
    try:
        if (ago_s := durations.seconds(text)) is not None:
            return now_ms - round(ago_s * 1000)
        return _of(datetime.fromisoformat(text.replace("Z", "+00:00")))
    except (ValueError, OverflowError):
        raise SettingError(
            f"{what} cannot be {moment!r}; allowed: now, beginning, 5m (ago), or a time such as "
            "'2026-11-25 14:30' (UTC)."
        ) from None


def _of(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return round(aware.timestamp() * 1000)
