"""Validates plain data against a JSON Schema, for the few words that the schemas in here use.

A word that is not known is an error, so that nothing passes because a rule was not understood.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from kbk.errors import KbkError

FOLDER = Path(__file__).with_name("schemas")
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_NOTES = {"$schema", "$id", "$defs", "title", "description", "examples", "$comment"}


@cache
def load(name: str) -> dict[str, Any]:
    """The schema ``schemas/NAME.schema.json``."""
    schema: dict[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8"))
    return schema


def problems(data: Any, name: str) -> list[str]:
    """What is wrong with ``data``: one sentence each, beginning with the place; [] if nothing."""
    schema = load(name)
    return _check(data, schema, schema, "")


def require(data: Any, name: str, what: str) -> None:
    """Do nothing if ``data`` is as the schema says.

    Raises:
        KbkError: it is not; names ``what`` and the first place that is wrong.
    """
    found = problems(data, name)
    if found:
        more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
        raise KbkError(f"{what} must be valid by {name}.schema.json: {found[0]}{more}.")


def _is(data: Any, kind: str) -> bool:
    if isinstance(data, bool):
        return kind == "boolean"
    return isinstance(data, _TYPES[kind])


def _check(data: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    place = at or "the whole"
    found: list[str] = []
    for word, rule in schema.items():
        if word in _NOTES:
            continue
        if word == "$ref":
            target: Any = root
            for part in str(rule).removeprefix("#/").split("/"):
                target = target[part]
            found += _check(data, target, root, at)
        elif word == "type":
            kinds = [rule] if isinstance(rule, str) else rule
            if not any(_is(data, kind) for kind in kinds):
                return [f"{place} must be {' or '.join(kinds)}; it was {_shown(data)}"]
        elif word == "const":
            if data != rule:
                found.append(f"{place} must be {rule!r}; it was {_shown(data)}")
        elif word == "enum":
            if data not in rule:
                found.append(f"{place} must be one of {rule}; it was {_shown(data)}")
        elif word == "anyOf":
            if all(_check(data, each, root, at) for each in rule):
                found.append(f"{place} fits none of {len(rule)} forms; it was {_shown(data)}")
        else:
            found += _of_kind(word, rule, data, schema, root, at)
    return found


def _of_kind(
    word: str, rule: Any, data: Any, schema: dict[str, Any], root: dict[str, Any], at: str
) -> list[str]:
    """Words that say something of one kind of data only."""
    place = at or "the whole"
    if word == "minimum":
        bad = _is(data, "number") and data < rule
        return [f"{place} must be at least {rule}; it was {data}"] if bad else []
    if word in ("pattern", "minLength"):
        if not isinstance(data, str):
            return []
        good = len(data) >= rule if word == "minLength" else re.search(rule, data) is not None
        return [] if good else [f"{place} must have {word} {rule!r}; it was {_shown(data)}"]
    if word in ("items", "minItems"):
        if not isinstance(data, list):
            return []
        if word == "minItems":
            short = len(data) < rule
            return [f"{place} must have {rule} elements; it has {len(data)}"] if short else []
        each = enumerate(data)
        return [p for n, value in each for p in _check(value, rule, root, f"{at}[{n}]")]
    if word == "required":
        if not isinstance(data, dict):
            return []
        return [f"{place} must have {name!r}" for name in rule if name not in data]
    if word == "properties":
        return _properties(rule, data, schema, root, at)
    if word == "additionalProperties":  # beside properties, it is looked at there
        return [] if "properties" in schema else _properties({}, data, schema, root, at)
    raise KbkError(f"the schema says {word!r}, which kbk.grade.export.schema does not know.")


def _properties(
    rule: dict[str, Any], data: Any, schema: dict[str, Any], root: dict[str, Any], at: str
) -> list[str]:
    if not isinstance(data, dict):
        return []
    others = schema.get("additionalProperties", True)
    found: list[str] = []
    for name, value in data.items():
        inner = f"{at}.{name}" if at else str(name)
        if name in rule:
            found += _check(value, rule[name], root, inner)
        elif others is False:
            found.append(f"{at or 'the whole'} must not have {name!r}")
        elif isinstance(others, dict):
            found += _check(value, others, root, inner)
    return found


def _shown(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else f"{text[:57]}..."
