"""The questions of a dashboard: the newest rows lead, the pictures follow to the same snapshot."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from flightlib.live import REST_PER_WORK, Answer, Poller, Question, Refused, ask

LOOK_S = 1.0  # while nothing was committed, an answer is "nothing new"
FRESH_S = 2.0  # what is younger is new enough


class Lead:
    """Asks for the newest rows, each second, by the filter that was wanted last.

    A filter that the backend refuses is told to `on_refused`, and the one before stays.
    """

    def __init__(self, path: str, filters: Mapping[str, Any]) -> None:
        self._path = path
        self._wanted = self.filters = dict(filters)
        self._asked_s = float("-inf")
        self.on_refused: Callable[[str], None] = lambda _: None
        self.poller: Poller[Answer] = Poller(self._ask, LOOK_S)

    @property
    def settled(self) -> bool:
        """Whether the filter that is wanted has been answered."""
        return self._wanted is self.filters

    def change(self, filters: Mapping[str, Any]) -> None:
        """Want another filter; it is asked at once, and counts when it was answered."""
        self._wanted = dict(filters)
        self.poller.wake()

    def _ask(self) -> Answer | None:
        wanted, before = self._wanted, self.poller.newest
        question = Question(self._path, **wanted)
        fresh = time.monotonic() - self._asked_s < FRESH_S
        if before is not None and before.question == question and fresh:
            return before
        try:
            answer = ask(question, before)
        except Refused as error:
            if wanted == self.filters:
                raise
            self._refuse(wanted, str(error))
            return before
        if wanted is not self._wanted:
            return before  # it is asked for something else by now
        self.filters = wanted
        if answer is not before:
            self._asked_s = time.monotonic()
        return answer

    def _refuse(self, wanted: Mapping[str, Any], why: str) -> None:
        if wanted is self._wanted:
            self._wanted = self.filters
            self.on_refused(why)


class Follower:
    """Asks for one picture, of the snapshot and by the filter of the lead's newest answer.

    Its changes of snapshot wait for the work of the last question; a changed filter does not.
    """

    def __init__(self, lead: Lead, path: str, **params: Any) -> None:
        self._lead, self._path, self._params = lead.poller, path, params
        self._rest_until_s = float("-inf")
        self.poller: Poller[Answer] = Poller(self._ask, LOOK_S)
        lead.poller.on_change(lambda _: self.poller.wake())

    def fits(self, answer: Answer) -> bool:
        """Say whether an answer is by the filter of the lead's newest one."""
        lead = self._lead.newest
        return lead is not None and _at_any(answer.question) == _at_any(self._question(lead))

    def _question(self, lead: Answer) -> Question:
        return lead.question.turned(self._path, **self._params, snapshot=lead.snapshot_id)

    def _ask(self) -> Answer | None:
        lead, before = self._lead.newest, self.poller.newest
        if lead is None:
            return None
        question = self._question(lead)
        if before is not None and self._may_stay(before.question, question):
            return before
        began_s = time.monotonic()
        answer = ask(question)
        now_s = time.monotonic()
        self._rest_until_s = now_s + max(FRESH_S - 0.5, REST_PER_WORK * (now_s - began_s))
        return answer

    def _may_stay(self, answered: Question, wanted: Question) -> bool:
        alike = _at_any(answered) == _at_any(wanted)
        return answered == wanted or (alike and time.monotonic() < self._rest_until_s)


def _at_any(question: Question) -> Question:
    return question.turned(question.path, snapshot=None)
