"""Random types and instances: whole ones are read, each single fault is named with its place."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.cases import for_each
from support.structured_cases import completion
from support.structured_kinds import MAKERS, Kind, damages, kinds

from tensormesh import StructuredOutputError
from tensormesh._structured.faults import pointer
from tensormesh._structured.forms import Form, form_of
from tensormesh._structured.session import Session
from tensormesh.types import ChatCompletion

AROUND = [
    ("", ""),
    ("Here it is:\n```json\n", "\n```\nAnything else?"),
    ('<think>Maybe {"a": 1}?</think>\n', ""),
    ('A draft: {"name": 0}. Better: ', " "),
    ("Use {braces}, as in {}: ", "\n"),
]
every_family = for_each("family", MAKERS)
# Making types takes its time.
unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(form: Form, text: str) -> Any:
    session = Session(form, {"messages": []}, None, 1)
    result = session.take(ChatCompletion.from_dict(completion(text)))
    assert result is not None
    return result.parsed


def plain(parsed: Any) -> Any:
    """The JSON data of what was read."""
    if isinstance(parsed, pydantic.BaseModel):
        return parsed.model_dump(mode="json")
    return json.loads(msgspec.json.encode(parsed))


@pytest.mark.slow
@every_family
@unhurried
@given(data=st.data())
def test_a_valid_instance_is_read_whatever_is_around_it(family: str, data: st.DataObject) -> None:
    kind = data.draw(kinds(family))
    before, after = data.draw(st.sampled_from(AROUND))
    text = json.dumps(kind.data, ensure_ascii=data.draw(st.booleans()))
    assert plain(read(form_of(kind.type), before + text + after)) == kind.data


@pytest.mark.slow
@every_family
@unhurried
@given(data=st.data())
def test_every_fault_at_one_point_is_named_with_its_place(family: str, data: st.DataObject) -> None:
    kind = data.draw(kinds(family))
    check_faults(form_of(kind.type), kind)


@pytest.mark.slow
@unhurried
@given(kinds("struct"))
def test_a_bare_schema_names_the_same_places(kind: Kind) -> None:
    schema = msgspec.json.schema(kind.type)
    form = form_of(schema)
    assert read(form, json.dumps(kind.data)) == kind.data
    # What a date is, a bare schema does not check.
    points = tuple(point for point in kind.points if point.wrong != "2024-02-30")
    check_faults(form, kind._replace(points=points))


def check_faults(form: Form, kind: Kind) -> None:
    for damaged in damages(kind):
        with pytest.raises(StructuredOutputError) as caught:
            read(form, json.dumps(damaged.data))
        assert caught.value.reason == "schema"
        assert caught.value.pointer == pointer(damaged.path), str(caught.value)
        assert caught.value.path in str(caught.value)
        assert caught.value.expected
        assert caught.value.got
