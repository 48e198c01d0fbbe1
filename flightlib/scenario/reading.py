"""Read a scenario's file: small, plain YAML, and every complaint in one line with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from flightlib.errors import SettingError
from flightlib.scenario.complaints import complaint
from flightlib.scenario.model import Script

LARGEST_BYTES = 64 * 1024
DEEPEST = 8


def read(path: Path) -> Script:
    """Read and check a scenario's file.

    Raises SettingError in one line: the file, the line, what was given and what is allowed.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingError(f"{path.name} cannot be read: {why}.") from None
    if len(content) > LARGEST_BYTES:
        raise SettingError(f"{path.name} is too large; allowed: {LARGEST_BYTES // 1024} kB.")
    return parse(text, path.name)


def parse(text: str, name: str) -> Script:
    """Check the text of a scenario; `name` is what complaints call it."""
    try:
        _refuse_tricks(text, name)
        given = yaml.safe_load(text)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or " ".join(str(error).split())
        raise SettingError(f"{name}{line}: this is not YAML: {why}.") from None
    _refuse_doubles(tree, name)
    try:
        return Script.model_validate(_as_tuples(given))
    except ValidationError as error:
        raise SettingError(complaint(error, given, tree, name)) from None


def _refuse_tricks(text: str, name: str) -> None:
    """Refuse what no scenario needs: aliases and nesting, which can blow up, and tags.

    A tag such as `!!int ''` makes the YAML library fail in ways of its own.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise SettingError(f"{name}, line {line}: aliases such as *name are not allowed.")
        tag = getattr(event, "tag", None)
        if tag is not None:
            word = tag.replace("tag:yaml.org,2002:", "!!")
            raise SettingError(f"{name}, line {line}: tags such as {word} are not allowed.")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise SettingError(f"{name}, line {line}: nested too deep; allowed: {DEEPEST} levels.")


def _refuse_doubles(node: Any, name: str) -> None:
    """Refuse a word that stands twice in one place: YAML would take the last without a word."""
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            _refuse_doubles(one, name)
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise SettingError(f"{name}, line {line}: {key.value!r} stands here twice.")
            seen.add(str(key.value))
            _refuse_doubles(value, name)


def _as_tuples(given: Any) -> Any:
    """Turn the list of steps into a tuple, which is what a frozen model holds."""
    if isinstance(given, dict) and isinstance(given.get("steps"), list):
        return {**given, "steps": tuple(given["steps"])}
    return given
