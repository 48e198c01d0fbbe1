"""What those who ask many questions note of the answers."""

from __future__ import annotations

from flightlib.crowd.askers import noted


def test_an_answer_is_noted_by_its_head() -> None:
    """Status, size and how it was come by; where nothing came the status is 0."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX-Answer: rows\r\n"
    question = {"topic": "flights", "path": "/flights"}
    row = noted(head, question, 1.0, 2.5)
    assert (row.status, row.size_b, row.answer, row.latency_ms) == (200, 12, "rows", 2.5)
    assert noted(b"", question, 1.0, 2.5).status == 0
