"""Messages decoded together: the same as one by one, whatever lies in them."""

from __future__ import annotations

import json
from dataclasses import asdict
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightlib import records
from flightlib.errors import RecordError, TopicError
from flightlib.kafka.bulk import Bulk, fields_of
from flightlib.kafka.schemas import FEW, Decoder
from flightlib.settings import Settings, load
from flightlib.sky import Sky

SKY = list(Sky(80, seed=3).reports(1_790_000_000_000, until_ms=1_790_000_003_000))
ENCODED = [records.encode(report, 7) for report in SKY]
FIELDS = fields_of(records.schema_text())
ODD: dict[str, Any] = {
    "type": "record",
    "name": "Odd",
    "fields": [
        {"name": "text", "type": ["string", "null"]},
        {"name": "number", "type": ["null", "long"]},
        {"name": "share", "type": ["null", "double"]},
        {"name": "whole", "type": "int"},
    ],
}


def bulk() -> Bulk:
    """What decodes flight reports together."""
    assert FIELDS is not None
    return Bulk(FIELDS)


def alone(payload: bytes, schema: str | None = None) -> dict[str, Any] | None:
    """Decode as it is done one by one; None for what is no report."""
    try:
        return records.decode(payload, schema)
    except RecordError:
        return None


def test_a_sky_decoded_together_is_the_same() -> None:
    """Every field of every report has the value and the type it has when decoded alone."""
    assert len(ENCODED) > FEW
    told = bulk()(ENCODED)
    assert told == [asdict(report) for report in SKY]
    assert repr(told) == repr([records.decode(payload) for payload in ENCODED])


@given(st.lists(st.tuples(st.integers(0, len(ENCODED) - 1), st.binary(max_size=12)), max_size=9))
def test_junk_is_left_alone_and_spoils_no_other(spoilt: list[tuple[int, bytes]]) -> None:
    """Bytes put into messages make these None or what they say; the others are as they were."""
    payloads = list(ENCODED[:40])
    for number, (place, junk) in enumerate(spoilt):
        one = payloads[place % 40]
        cut = 5 + (place * 7 + number) % (len(one) - 4)
        payloads[place % 40] = one[:cut] + junk + one[cut + len(junk) // 2 :]
    for payload, together in zip(payloads, bulk()(payloads), strict=True):
        expected = alone(payload)
        assert together is None or repr(together) == repr(expected)
        assert together is not None or payload not in ENCODED


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=20))
def test_no_bytes_at_all_are_taken_for_more_than_they_are(payloads: list[bytes]) -> None:
    """Of any bytes no report is made that decoding alone would not make of them."""
    for payload, together in zip(payloads, bulk()(payloads), strict=True):
        assert together is None or repr(together) == repr(alone(payload))


NAMES = [str(field["name"]) for field in ODD["fields"]]
LONG = st.integers(-(2**63), 2**63 - 1)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "text": st.none() | st.text(max_size=200),
                "number": st.none() | LONG,
                "share": st.none() | st.floats(),
                "whole": st.integers(-(2**31), 2**31 - 1),
            }
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_text_and_any_number_comes_back(rows: list[dict[str, Any]]) -> None:
    """Unions either way round, long texts in any script, and numbers of any size."""
    fields = fields_of(json.dumps(ODD))
    assert fields is not None
    payloads = []
    for row in rows:
        buffer = BytesIO()
        buffer.write(records.header(7))
        fastavro.schemaless_writer(buffer, fastavro.parse_schema(dict(ODD)), row)
        payloads.append(buffer.getvalue())
    assert repr(Bulk(fields)(payloads)) == repr(
        [{name: row[name] for name in NAMES} for row in rows]
    )


@pytest.mark.parametrize(
    "kind", ["bytes", "boolean", ["null", "string", "int"], {"type": "array", "items": "int"}]
)
def test_other_schemas_are_left_to_decode_one_by_one(kind: Any) -> None:
    """A field that is neither a text nor a number is nothing for reading together."""
    fields = [{"name": "a", "type": "int"}, {"name": "b", "type": kind}]
    assert fields_of(json.dumps({"type": "record", "name": "R", "fields": fields})) is None
    assert fields_of('"string"') is None


def writer_of(schema_id: int, settings: Settings) -> str:
    """A registry that knows one schema."""
    if schema_id != 7:
        raise TopicError(f"There is no schema {schema_id}.")
    return records.schema_text()


def test_a_decoder_takes_together_what_is_many_and_known() -> None:
    """Few messages, and those of an unknown schema, are left to be decoded alone."""
    decoder = Decoder(load(), fetch=writer_of)
    assert decoder.together(ENCODED[: FEW - 1]) == [None] * (FEW - 1)
    strange = [records.header(8) + payload[5:] for payload in ENCODED[:FEW]]
    mixed = [b"", *strange, *ENCODED, b"junk"]
    told = decoder.together(mixed)
    assert told[: FEW + 1] == [None] * (FEW + 1)
    assert told[FEW + 1 : -1] == [records.decode(payload) for payload in ENCODED]
    assert told[-1] is None
    whole = decoder.all(mixed)
    assert [one for one in whole if isinstance(one, dict)] == told[FEW + 1 : -1]
    assert sum(isinstance(one, RecordError) for one in whole) == FEW + 2
