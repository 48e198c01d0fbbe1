"""Turn what pydantic found wrong with a scenario into one line: where, what, what is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import yaml
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from flightlib.errors import not_allowed
from flightlib.scenario.delivering import BoxModel
from flightlib.scenario.model import KINDS, Script
from flightlib.scenario.step import Strict

Path = Sequence[str | int]
UNKNOWN = ("extra_forbidden", "invalid_key")


def complaint(error: ValidationError, given: Any, tree: Any, name: str) -> str:
    """Say the first thing that is wrong: the file, the line, the step, and what is allowed."""
    found = error.errors(include_url=False)
    # A word that is unknown explains best why another one is missing.
    first = next((one for one in found if one["type"] in UNKNOWN), found[0])
    path = _place(first["loc"])
    where = f"{name}, line {_line(tree, path)}"
    if len(path) > 1 and path[0] == "steps":
        where += f", step {int(path[1]) + 1}"
    return f"{where}: {_words(first, path, given)}"


def _place(loc: Path) -> Path:
    """Say where in the file it is: pydantic puts the kind of a step behind its number."""
    tagged = len(loc) > 2 and loc[0] == "steps" and loc[2] in KINDS
    return [*loc[:2], *loc[3:]] if tagged else list(loc)


def _words(first: Mapping[str, Any], path: Path, given: Any) -> str:
    problem, word = first["type"], str(path[-1]) if path else ""
    model = _model(path, given)
    if problem in UNKNOWN:
        return not_allowed(f"a word of {_called(path, given)}", word, _fields(model))
    if problem == "missing":
        return f"{word!r} is missing; allowed: {_allowed(_fields(model)[word])}."
    if problem == "union_tag_not_found":
        return f"'kind' is missing; allowed: {', '.join(KINDS)}."
    if problem == "union_tag_invalid":
        return not_allowed("kind", first["input"].get("kind"), KINDS)
    if problem in ("model_type", "model_attributes_type", "dict_type"):
        needed = ", ".join(_fields(BoxModel if word == "box" else model)) or "kind, at, ..."
        return f"{_short(first['input'])} is no set of words with values; allowed: {needed}."
    why = str(first["ctx"]["error"]) if problem == "value_error" else ""
    if why.startswith("needs"):
        return f"this {_called(path, given)} {why}."
    allowed = why.removeprefix("allowed: ") or _allowed(_fields(model).get(word))
    stop = "" if allowed.endswith(("?", ".")) else "."
    return f"{word} cannot be {_short(first['input'])}; allowed: {allowed}{stop}"


def _model(path: Path, given: Any) -> type[Strict] | None:
    """Find the model that the last word of a path belongs to."""
    if len(path) < 2:
        return Script
    return BoxModel if len(path) > 3 else _model_of_step(path, given)


def _model_of_step(path: Path, given: Any) -> type[Strict] | None:
    step = given["steps"][path[1]]
    found = KINDS.get(str(step.get("kind"))) if isinstance(step, dict) else None
    return cast("type[Strict] | None", found)


def _called(path: Path, given: Any) -> str:
    if len(path) < 2:
        return "a scenario"
    if "box" in path:
        return "box"
    step = given["steps"][path[1]]
    return str(step.get("kind")) if isinstance(step, dict) else "step"


def _fields(model: type[Strict] | None) -> dict[str, FieldInfo]:
    """List the words of a model as they stand in a file."""
    fields = model.model_fields if model else {}
    return {field.alias or name: field for name, field in fields.items()}


def _allowed(field: FieldInfo | None) -> str:
    """Say what a word may be: a span of numbers, or what its description says."""
    if field is None:
        return "something else"
    limits = {
        side: getattr(part, side)
        for part in field.metadata
        for side in ("ge", "le")
        if hasattr(part, side)
    }
    if len(limits) == 2:
        return f"{limits['ge']:g} to {limits['le']:g} {field.description or ''}".strip()
    return field.description or "text"


def _line(tree: Any, path: Path) -> int:
    """Find the line of a file where a path leads, or as far as it does."""
    line = tree.start_mark.line if tree is not None else 0
    for part in path:
        if isinstance(tree, yaml.MappingNode):
            found = next(((k, v) for k, v in tree.value if k.value == str(part)), None)
        elif isinstance(tree, yaml.SequenceNode) and isinstance(part, int):
            found = (tree.value[part], tree.value[part]) if part < len(tree.value) else None
        else:
            found = None
        if found is None:
            break
        line, tree = found[0].start_mark.line, found[1]
    return int(line) + 1


def _short(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 60 else text[:57] + "..."
