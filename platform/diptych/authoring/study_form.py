"""study.toml as a form: every key with its meaning and allowed values, made from the schema.

What a researcher changes in the form is changed in the text; comments, order and every other key
stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import tomlkit
from pydantic import BaseModel
from tomlkit.exceptions import TOMLKitError

from diptych import policies, recruiters, tasks
from diptych.authoring.draft_folder import DraftFault
from diptych.ground.plugins import Registry, UnknownPlugin
from diptych.study.spec import StudySpec

Kind = Literal["text", "whole", "number", "yes_no", "choice", "lines", "any"]
Schema = Mapping[str, Any]
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True)
class FormField:
    """One key of study.toml.

    Attributes
    ----------
    key : str
        Dotted: `conditions.0.weight`.
    meaning : str
        What it is for.
    kind : str
        How it is typed; `lines` is a list, one entry per line.
    value : str
        What the text has; empty where it has no such key.
    default : str
        What holds without the key.
    allowed : str
        In words; empty where everything of its kind is.
    choices : tuple[str, ...]
        Of the kinds `choice` and `lines`, where only these are allowed.
    """

    key: str
    meaning: str
    kind: Kind
    value: str
    default: str = ""
    allowed: str = ""
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last part of the key, in words."""
        return self.key.rpartition(".")[2].replace("_", " ")


@dataclass(frozen=True)
class FormGroup:
    """The keys of one table.

    Attributes
    ----------
    key : str
        The table; empty for the keys above all tables.
    meaning : str
        What the table is for.
    fields : tuple[FormField, ...]
        Its keys.
    repeats : str
        Table of which this is one of several; empty for others.
    """

    key: str
    meaning: str
    fields: tuple[FormField, ...]
    repeats: str = ""

    @property
    def is_set(self) -> bool:
        """Whether the text has any key of the table."""
        return any(field.value for field in self.fields)


@dataclass(frozen=True)
class StudyForm:
    """All keys of a study.

    Attributes
    ----------
    groups : tuple[FormGroup, ...]
        In the order of the reference.
    lists : tuple[str, ...]
        Tables of which there can be several: `conditions`, `comprehension`, `part`.
    """

    groups: tuple[FormGroup, ...]
    lists: tuple[str, ...]

    def find(self, key: str) -> FormField | None:
        """Find a field by its key."""
        fields = (field for group in self.groups for field in group.fields)
        return next((field for field in fields if field.key == key), None)


def form_of(text: str) -> StudyForm:
    """Make the form of a text of study.toml.

    Raises
    ------
    DraftFault
        When the text is no TOML.
    """
    data = _document(text).unwrap()
    schema = StudySpec.model_json_schema()
    walk = _Walk(schema["$defs"], data)
    groups = tuple(walk.table("", schema, data))
    lists = tuple(k for k, v in schema["properties"].items() if _is_list_of_tables(v))
    return StudyForm(groups, lists)


def _document(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except (TOMLKitError, ValueError, RecursionError) as fault:
        raise DraftFault(f"study.toml is not valid TOML: {fault}") from None


class _Walk:
    """Goes through the schema, beside what the text has."""

    def __init__(self, definitions: Schema, data: Mapping[str, Any]) -> None:
        self._definitions = dict(definitions)
        self._data = data

    def table(self, key: str, schema: Schema, data: Any, repeats: str = "") -> Iterator[FormGroup]:
        """Yield the group of a table, then those of the tables in it."""
        data = data if isinstance(data, Mapping) else {}
        schema = self._with_plugin(key, schema, data)
        fields: list[FormField] = []
        below: list[FormGroup] = []
        for name, raw in schema.get("properties", {}).items():
            path, given = f"{key}.{name}".lstrip("."), data.get(name)
            described = self._resolved(raw)
            if _is_list_of_tables(raw):
                inner = self._resolved(raw["items"])
                for number, each in enumerate(given if isinstance(given, list) else ()):
                    below += self.table(f"{path}.{number}", inner, each, path)
            elif described.get("type") == "object":
                below += self.table(path, described, given)
            else:
                fields.append(self._field(path, described, given))
        if fields or repeats:
            yield FormGroup(key, _plain(schema.get("description", "")), tuple(fields), repeats)
        yield from below

    def _resolved(self, schema: Schema) -> Schema:
        """Follow references, and take the one meaning of what may also be absent."""
        options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
        if len(options) == 1:
            schema = {**options[0], **{k: v for k, v in schema.items() if k != "anyOf"}}
        if "$ref" in schema:
            target = self._definitions[schema["$ref"].rpartition("/")[2]]
            schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
        return schema

    def _with_plugin(self, key: str, schema: Schema, data: Mapping[str, Any]) -> Schema:
        """Add the parameters of a plug-in to the table that names it."""
        last = key.rpartition(".")[2]
        if key == "phases" or (key.startswith("part.") and last == "phases"):
            names = schema["propertyNames"]["enum"]
            inner = schema["additionalProperties"]
            properties = {
                name: {**inner, "description": f"Number of {name} trials."} for name in names
            }
            return {**schema, "properties": properties}
        if last in ("task", "policy"):
            registry: Registry[Any] = tasks.REGISTRY if last == "task" else policies.REGISTRY
            of_condition = key.startswith("conditions.") and last == "task"
            name = data.get("name") or (self._data.get("task") or {}).get("name", "")
            own = self._parameters(registry, str(name))
            named = {"name": {"enum": registry.names(), "description": f"The {last}."}}
            return {**schema, "properties": {**({} if of_condition else named), **own}}
        if key == "recruitment":
            recruited = data.get("recruiters") or ["direct"]
            chosen = [name for name in recruited if isinstance(name, str)]
            own = {
                name: {"type": "object", "properties": parameters}
                for name in chosen
                if (parameters := self._parameters(recruiters.REGISTRY, name))
            }
            listed = {"enum": recruiters.REGISTRY.names()}
            properties = dict(schema["properties"])
            properties["recruiters"] = {**properties["recruiters"], "items": listed}
            return {**schema, "properties": {**properties, **own}}
        return schema

    def _parameters(self, registry: Registry[Any], name: str) -> Schema:
        """Return the schema of a plug-in's parameters; none of one that is not installed."""
        try:
            model: type[BaseModel] = registry.get(name).Parameters
        except UnknownPlugin:
            return {}
        schema = model.model_json_schema()
        self._definitions.update(schema.get("$defs", {}))
        return {k: v for k, v in schema.get("properties", {}).items() if k != "name"}

    def _field(self, key: str, schema: Schema, given: Any) -> FormField:
        kind, choices = _kind_of(schema)
        default = schema.get("default")
        return FormField(
            key=key,
            meaning=_plain(schema.get("description", "")),
            kind=kind,
            value=_shown(given),
            default=_shown(default),
            allowed=_allowed(schema, kind),
            choices=choices,
        )


def _is_list_of_tables(schema: Schema) -> bool:
    items = schema.get("items", {})
    return schema.get("type") == "array" and "$ref" in items


def _kind_of(schema: Schema) -> tuple[Kind, tuple[str, ...]]:
    """Return how a value is typed, and the only values that are allowed."""
    of = schema.get("type")
    if "enum" in schema:
        return "choice", tuple(map(str, schema["enum"]))
    if of == "array":
        return "lines", tuple(map(str, schema.get("items", {}).get("enum", ())))
    kinds: dict[Any, Kind] = {
        "integer": "whole",
        "number": "number",
        "boolean": "yes_no",
        "string": "text",
    }
    return kinds.get(of, "any"), ()


def _shown(value: Any) -> str:
    """Write a value as the form shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "\n".join(map(_shown, value))
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value)


_BOUNDS = (
    ("minimum", "at least {:g}"),
    ("exclusiveMinimum", "more than {:g}"),
    ("maximum", "at most {:g}"),
    ("exclusiveMaximum", "less than {:g}"),
    ("maxLength", "at most {:g} characters"),
)


def _allowed(schema: Schema, kind: Kind) -> str:
    bounds = [words.format(schema[name]) for name, words in _BOUNDS if name in schema]
    first = {"whole": "a whole number", "number": "a number"}.get(kind, "")
    if kind == "text" and "pattern" in schema:
        bounds.append(f"of the form {schema['pattern']}")
    return ", ".join(filter(None, (first, *bounds)))


_TABLE = re.compile(r"^(`\[+[\w.<>]+\]+`: |study\.toml, whole\.)")


def _plain(description: str) -> str:
    """Return the first paragraph of a description, without the table's name and marks of code."""
    first = _TABLE.sub("", description.split("\n\n")[0])
    return " ".join((first[:1].upper() + first[1:]).replace("`", "").split())


def changed(text: str, given: Mapping[str, str]) -> str:
    """Write what was typed into the form into the text.

    Parameters
    ----------
    text : str
        Of study.toml.
    given : Mapping[str, str]
        What was typed by key; keys that are missing, or show what the text has, change nothing.

    Returns
    -------
    str
        The new text. What can't be read as a number stays as it was typed, and is a fault.
    """
    form, document = form_of(text), _document(text)
    for group in form.groups:
        for field in group.fields:
            typed = given.get(field.key, field.value).replace("\r\n", "\n").strip()
            untouched = (field.value or field.default).strip()
            if typed != field.value.strip() and (field.value or typed != untouched):
                _set(document, field.key.split("."), _value(field, typed))
    return tomlkit.dumps(document)


def _value(field: FormField, typed: str) -> Any:
    """Return the value of what was typed; None to take the key out."""
    if typed == "":
        return None
    if field.kind == "yes_no":
        return {"yes": True, "no": False}.get(typed, typed)
    if field.kind == "lines":
        return [line.strip() for line in typed.split("\n") if line.strip()]
    if field.kind in ("whole", "number", "any"):
        if _WHOLE.fullmatch(typed):
            return int(typed)
        try:
            return float(typed) if field.kind != "whole" else typed
        except ValueError:
            return typed
    return typed


def _set(container: Any, path: list[str], value: Any) -> None:
    """Set a key of a document, or take it out; tables around it are made."""
    for part in path[:-1]:
        if isinstance(container, list):
            container = container[int(part)]
            continue
        if part not in container:
            if value is None:
                return
            container[part] = tomlkit.table()
        container = container[part]
    if value is None:
        container.pop(path[-1], None)
    else:
        container[path[-1]] = value


def with_table(text: str, name: str) -> str:
    """Add one more table of a list: a condition, a question, a part."""
    form, document = form_of(text), _document(text)
    if name not in form.lists:
        raise DraftFault(f"{name!r} is not a list of tables")
    entries: Any = document.setdefault(name, tomlkit.aot())
    number = len(entries) + 1
    table = tomlkit.table()
    table.update(_NEW[name](number))
    entries.append(table)
    return tomlkit.dumps(document)


def _question(step: str, number: int) -> dict[str, Any]:
    return {"id": f"{step}_{number}", "type": "text", "text": f"Question {number}?"}


#: A new table of each list, which has no faults beside the others.
_NEW: dict[str, Any] = {
    "conditions": lambda number: {"name": f"condition_{number}", "weight": 1},
    "comprehension": lambda number: {
        "question": f"Question {number}?",
        "options": ["yes", "no"],
        "answer": 0,
    },
    "part": lambda number: {"after_days": 7 * number, "phases": {"test": 1}},
    "questions_before": partial(_question, "before"),
    "questions_after": partial(_question, "after"),
}


def without_table(text: str, name: str, number: int) -> str:
    """Take a table of a list out."""
    document = _document(text)
    entries: Any = document.get(name, [])
    if not 0 <= number < len(entries):
        raise DraftFault(f"there is no {name}.{number}")
    del entries[number]
    if not entries:
        document.pop(name)
    return tomlkit.dumps(document)
