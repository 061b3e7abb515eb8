"""Writes docs/reference.md from the code, so that no key, option or column goes undocumented.

The table of settings also stands in docs/deploy.md, between two marks. `make reference` writes
both; a test compares them with what stands in the repository.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
import types
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import annotated_types
import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from diptych import policies, recruiters, tasks
from diptych.cli import cli
from diptych.ground.plugins import Registry
from diptych.ground.settings import Settings
from diptych.journey.faults import CODES
from diptych.study.section import Plugged
from diptych.study.spec import StudySpec
from diptych.tasks.items import ItemLayout
from diptych_analysis.tables import schema as declared

TARGET = Path(__file__).with_name("reference.md")
DEPLOY = Path(__file__).with_name("deploy.md")
MARKS = ("<!-- settings -->\n", "<!-- end of settings -->\n")
HEAD = """\
# Reference

Made from the code by `make reference`; change the code, not this page.

- [study.toml](#studytoml) · [Tasks](#tasks) · [Policies](#policies) · [Recruiters](#recruiters)
- [Environment variables](#environment-variables)
- [Commands](#commands)
- [Refusals of the API](#refusals-of-the-api)
- [The tidy tables](#the-tidy-tables)

"""

JSON = """\
### `--json`

These commands have the flag `--json`, for scripts: `doctor`, `export`, `pay`, `quality`,
`simulate`, `study checklist`, `study list`, `study validate`, `user list`. (With `trace`,
`correlate`, `mis`, `agree` and `classify`, `--json` is followed by the file to write.)

- Standard output holds one JSON value (UTF-8) and nothing else. Progress and messages go to
  standard error.
- The exit code is the same as without the flag.
- Faults of a study folder are also JSON:
  `{"study", "valid": false, "faults": [{"file", "key", "found", "allowed"}]}`.
  After any other error standard output is empty, and standard error says what went wrong.
- Amounts of money are whole numbers of the smallest unit: `"amount_minor": 150` is 1.50 GBP,
  or 150 JPY.
- `pay` uses the names of the ledger: an `intended` order is waiting, a `sent` order is in doubt.

```sh
diptych study validate my_study --json | jq '.faults[].file'
```
"""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table; escape `|` in cells."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in rows:
        cells = [" ".join(str(cell).split()).replace("|", "\\|") for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def type_in_words(kind: Any) -> str:
    """Name a type as a person who writes TOML would."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is typing.Annotated:
        return type_in_words(parts[0])
    if origin is typing.Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(type_in_words(p) for p in parts if p is not type(None))
    if origin in (list, tuple):
        return f"list of {type_in_words(parts[0])}"
    if origin is dict:
        return "table"
    names = {bool: "true, false", int: "integer", float: "number", str: "text", Path: "path"}
    if kind in names:
        return names[kind]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "table"
    return str(getattr(kind, "__name__", kind))


def bounds(field: FieldInfo) -> str:
    """Write the limits of a field, such as `1 or more`."""
    words = []
    for rule in field.metadata:
        match rule:
            case annotated_types.Ge(ge=least):
                words.append(f"{least} or more")
            case annotated_types.Gt(gt=least):
                words.append(f"above {least}")
            case annotated_types.Le(le=most):
                words.append(f"{most} or less")
            case annotated_types.MinLen(min_length=least):
                words.append("not empty" if least == 1 else f"at least {least}")
            case annotated_types.MaxLen(max_length=most):
                words.append(f"at most {most} long")
            case _ if getattr(rule, "pattern", None):
                words.append(f"like `{rule.pattern}`")
    return ", ".join(words)


def default(field: FieldInfo) -> str:
    """Write the default of a field; `required` where there is none."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value == () or value == {} or isinstance(value, BaseModel):
        return ""
    if isinstance(value, tuple) and isinstance(value[0], BaseModel):
        return f"one, named `{getattr(value[0], 'name', '')}`"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{v}"' if isinstance(v, str) else str(v) for v in value) + "]`"
    return f"`{value}`" if str(value) else ""


def rows(model: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    """Yield the key, type, default and meaning of each field of a section."""
    for name, field in model.model_fields.items():
        limit = bounds(field)
        kind = type_in_words(field.annotation)
        yield (
            f"`{name}`",
            kind + (f", {limit}" if limit else ""),
            default(field),
            field.description or section_text(field.annotation),
        )


def section_of(kind: Any) -> type[BaseModel] | None:
    """Find the section model inside a type, if there is one."""
    for part in (kind, *get_args(kind)):
        if isinstance(part, type) and issubclass(part, BaseModel) and part is not Plugged:
            return part
    return None


def section_text(kind: Any) -> str:
    """Return the first line of a section's description."""
    section = section_of(kind)
    return (section.__doc__ or "").strip().splitlines()[0] if section else ""


def study_toml() -> Iterator[str]:
    """Yield the chapter about study.toml."""
    head = ("Key", "Type", "Default", "Meaning")
    yield "## study.toml\n\nAn unknown key is a fault. The keys at the top of the file:\n"
    yield table(head, list(rows(StudySpec)))
    yield from sections(StudySpec, head, [])


def sections(
    model: type[BaseModel], head: Sequence[str], written: list[type[BaseModel]]
) -> Iterator[str]:
    """Yield the tables of study.toml below another, with those below them; each once."""
    for field in model.model_fields.values():
        section = section_of(field.annotation)
        if section is not None and section not in written:
            written.append(section)
            heading, _, meaning = section_text(section).partition(": ")
            yield f"### {heading}\n\n{meaning[:1].upper()}{meaning[1:]}\n"
            yield table(head, list(rows(section)))
            yield from sections(section, head, written)


def plugins(title: str, registry: Registry[Any], where: str) -> Iterator[str]:
    """Yield a chapter about the plug-ins of a kind, with their parameters."""
    yield f"## {title}\n"
    for name, plugin in registry.all().items():
        yield f"### {name}\n\n{(plugin.__doc__ or '').strip().splitlines()[0]}\n"
        fields = list(rows(plugin.Parameters))
        if fields:
            yield f"Keys of `{where.replace('NAME', name)}`:\n"
            yield table(("Key", "Type", "Default", "Meaning"), fields)
        else:
            yield "No keys.\n"
        layout = getattr(plugin, "items", None)
        if layout is not None:
            yield f"Columns of `items.csv`: {item_columns(layout)}.\n"
        extra = getattr(plugin, "columns", ())
        if extra:
            yield "Columns it adds to `trials`:\n"
            yield table(("Column", "Type", "Meaning"), [column_row(c) for c in extra])


def item_columns(layout: ItemLayout) -> str:
    """Describe the columns that a task reads of the manifest of items."""
    words = [f"`{name}`" for name in layout.names]
    for role in layout.roles:
        notes = ["one file" if role.single else "files with `;` between them"]
        notes += [] if role.required else ["optional"]
        words.append(f"`{role.column}` ({', '.join(notes)})")
    return ", ".join(words)


def column_row(column: declared.Column) -> tuple[str, str, str]:
    """Describe a column of the tidy tables: name, type, meaning."""
    kind = column.type + (f" ({column.unit})" if column.unit else "")
    levels = f" One of: {', '.join(column.levels)}." if column.levels else ""
    return f"`{column.name}`", kind, column.description + levels


def environment() -> Iterator[str]:
    """Yield the chapter about environment variables."""
    yield "## Environment variables\n\nAll settings of a host. None is required.\n"
    yield settings()


def settings() -> str:
    """Write the table of all environment variables."""
    return table(
        ("Variable", "Type", "Default", "Meaning"),
        [(f"`DIPTYCH_{n.strip('`').upper()}`", k, d, m) for n, k, d, m in rows(Settings)],
    )


def commands() -> Iterator[str]:
    """Yield the chapter about commands."""
    yield f"## Commands\n\n`diptych COMMAND --help` prints the same text.\n\n{JSON}"
    for path, command in walk(cli, "diptych"):
        arguments = [p for p in command.params if isinstance(p, click.Argument)]
        options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
        usage = " ".join([path, *(a.make_metavar(click.Context(command)) for a in arguments)])
        yield f"### `{usage}`\n\n{in_markdown(command.help or '')}\n"
        if options:
            yield table(("Option", "Default", "Meaning"), [option_row(o) for o in options])


def in_markdown(help_text: str) -> str:
    """Write a command's help: its paragraphs, and unchanged those that click must not wrap."""
    paragraphs = inspect.cleandoc(help_text).split("\n\n")
    as_it_stands = "\b\n"
    return "\n\n".join(
        f"```text\n{textwrap.dedent(text.removeprefix(as_it_stands))}\n```"
        if text.startswith(as_it_stands)
        else " ".join(text.split())
        for text in paragraphs
    )


def option_row(option: click.Option) -> tuple[str, str, str]:
    """Describe an option of a command: names, default, meaning."""
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if isinstance(option.type, click.Choice):
        names += " " + " or ".join(str(choice) for choice in option.type.choices)
    value = option.default
    plain = isinstance(value, str | int | float | Path) and not isinstance(value, bool)
    known = f"`{value}`" if plain and str(value) else "required" if option.required else ""
    return names, known, option.help or ""


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, with its full name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in sorted(command.list_commands(context)):
            found = command.get_command(context, name)
            if found is not None:
                yield from walk(found, f"{path} {name}")
    elif not command.hidden:
        yield path, command


def refusals() -> Iterator[str]:
    """Yield the chapter about refusals of the API."""
    yield (
        "## Refusals of the API\n\nThe API itself is described by OpenAPI at "
        '`/api/v1/openapi.json`. Refusals are `{"error": {"code", "message", "fields", "said"}}`.\n'
    )
    yield table(("Code", "HTTP status"), [(f"`{c}`", str(s)) for c, s in sorted(CODES.items())])


def tables() -> Iterator[str]:
    """Yield the chapter about the tidy tables."""
    yield (
        "## The tidy tables\n\nWritten by `diptych export` and `diptych import` "
        "([files and names](exports.md)).\n"
    )
    for name, its_columns in declared.TABLES.items():
        yield f"### {name}\n"
        yield table(("Column", "Type", "Meaning"), [column_row(c) for c in its_columns])


def reference() -> str:
    """Write the whole page."""
    parts: list[str] = [HEAD]
    parts += study_toml()
    parts += plugins("Tasks", tasks.REGISTRY, "[task]")
    parts += plugins("Policies", policies.REGISTRY, "[policy]")
    parts += plugins("Recruiters", recruiters.REGISTRY, "[recruitment.NAME]")
    for part in (environment, commands, refusals, tables):
        parts += part()
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def deploy(page: str) -> str:
    """Write the page about servers, with the table of settings between its marks."""
    before, _, rest = page.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    return f"{before}{MARKS[0]}\n{settings()}\n{MARKS[1]}{after}"


def main() -> int:
    """Write the pages; with `--check`, return 1 when one is out of date."""
    pages = {TARGET: reference(), DEPLOY: deploy(DEPLOY.read_text(encoding="utf-8"))}
    for page, text in pages.items():
        same = page.exists() and page.read_text(encoding="utf-8") == text
        if "--check" in sys.argv[1:] and not same:
            return 1
        if not same:
            page.write_text(text, encoding="utf-8")
            print(f"wrote {page.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
