"""The rules of Psych-DS 1.5.0, written down again from its published schema and validator.

Names of the issues are those of the schema (`schema_model/versions/jsons/1.5.0/schema.json` of
psych-ds/psych-DS); what counts as one is read from the source of psych-ds/psychds-validator.
Left out: the folders analysis, results, materials and documentation, which the schema recommends to
a whole project, and the optional metadata of single files and folders.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from support.exports import files_in

DATAFILE = re.compile(r"([a-z]+-[a-zA-Z0-9]+)(_[a-z]+-[a-zA-Z0-9]+)*_data\.csv")
KEYWORDS = {
    "study", "site", "subject", "session", "task", "condition", "trial", "stimulus", "description",
}  # fmt: skip
ROOT_FILES = {
    "dataset_description.json", "README.md", "README.txt", "CHANGES.md", "CHANGES.txt",
}  # fmt: skip
CONTEXTS = {f"http{s}://{www}schema.org{end}" for s in ("", "s") for www in ("", "www.")
            for end in ("", "/")}  # fmt: skip
# Properties that schema.org knows; of Dataset only those that Psych-DS names.
THING = {
    "additionalType", "alternateName", "description", "disambiguatingDescription", "identifier",
    "image", "mainEntityOfPage", "name", "potentialAction", "sameAs", "subjectOf", "url",
}  # fmt: skip
PROPERTIES = {
    "Dataset": THING | {
        "author", "citation", "funder", "keywords", "license", "schemaVersion", "usageInfo",
        "variableMeasured",
    },
    "PropertyValue": THING | {
        "maxValue", "measurementMethod", "measurementTechnique", "minValue", "propertyID",
        "unitCode", "unitText", "value", "valueReference",
    },
}  # fmt: skip
REQUIRED = ("name", "description", "variableMeasured")


def issues(folder: Path) -> list[str]:
    """Errors and warnings of a validator, as `CODE path or name`; none when all is well."""
    files = files_in(folder)
    ignored = _ignored(files)
    seen = {name: path for name, path in files.items() if not any(fnmatch(name, i) or fnmatch(
        path.name, i) for i in ignored)}  # fmt: skip
    return sorted(_issues(files, seen))


def _ignored(files: dict[str, Path]) -> list[str]:
    text = files[".psychdsignore"].read_text("utf-8") if ".psychdsignore" in files else ""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _issues(files: dict[str, Path], seen: dict[str, Path]) -> Iterator[str]:
    if "dataset_description.json" not in files:
        yield "MISSING_DATASET_DESCRIPTION"
    if not any(name.startswith("data/") for name in files):
        yield "MISSING_DATA_DIRECTORY"
    for stem in ("README", "CHANGES"):
        if not {f"{stem}.md", f"{stem}.txt"} & set(seen):
            yield f"MISSING_{stem}_DOC"
    tables = [name for name in seen if re.fullmatch(r"data/(.*/)?[^/]*_data\.csv", name)]
    if not tables:
        yield "MISSING_DATAFILE"
    for name, path in seen.items():
        if name not in ROOT_FILES and name not in tables:
            yield f"FILE_NOT_CHECKED {name}"
        if not path.stat().st_size:
            yield f"FILE_EMPTY {name}"
    if "dataset_description.json" not in files:
        return
    about = json.loads(files["dataset_description.json"].read_text("utf-8"))
    yield from _of_metadata(about)
    measured = [v if isinstance(v, str) else v["name"] for v in about.get("variableMeasured", ())]
    headers: set[str] = set()
    for name in tables:
        yield from _of_name(Path(name).name)
        # Not utf-8-sig: the validator takes a byte order mark for a part of the first name.
        text = seen[name].read_bytes().decode("utf-8")
        yield from _of_rows(Path(name).name, text, measured, headers)
    yield from (f"VARIABLE_MISSING_FROM_CSV_COLUMNS {name}" for name in measured
                if name not in headers)  # fmt: skip


def _of_name(name: str) -> Iterator[str]:
    if not DATAFILE.fullmatch(name):
        yield f"FILENAME_KEYWORD_FORMATTING_ERROR {name}"
    used = {part.partition("-")[0] for part in name.split("_")[:-1]}
    yield from (f"FILENAME_UNOFFICIAL_KEYWORD_WARNING {word}" for word in used - KEYWORDS)


def _of_rows(name: str, text: str, measured: list[str], headers: set[str]) -> Iterator[str]:
    # The validator makes every end of a line the same before it parts cells.
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    header, *rows = csv.reader(lines.splitlines(keepends=True), strict=True) or [[]]
    headers |= set(header)
    if not any(header):
        yield f"CSV_HEADER_MISSING {name}"
    if len(set(header)) < len(header):
        yield f"CSV_HEADER_REPEATED {name}"
    yield from (f"CSV_COLUMN_MISSING_FROM_METADATA {each}" for each in header
                if each not in measured)  # fmt: skip
    if any(len(row) != len(header) for row in rows):
        yield f"CSV_HEADER_LENGTH_MISMATCH {name}"
    if "row_id" in header:
        ids = [row[header.index("row_id")] for row in rows]
        if len(set(ids)) < len(ids):
            yield f"ROWID_VALUES_NOT_UNIQUE {name}"


def _of_metadata(about: dict[str, Any]) -> Iterator[str]:
    if about.get("@context") not in CONTEXTS:
        yield "INVALID_JSONLD_FORMATTING @context"
    if about.get("@type") != "Dataset":
        yield "INCORRECT_DATASET_TYPE"
    yield from (f"JSON_KEY_REQUIRED {key}" for key in REQUIRED if key not in about)
    yield from _of_object(about)


def _of_object(thing: dict[str, Any]) -> Iterator[str]:
    for key, value in thing.items():
        if key.startswith("@"):
            continue
        if key not in PROPERTIES.get(thing["@type"], ()):
            yield f"INVALID_SCHEMAORG_PROPERTY {key}"
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                if "@type" not in part:
                    yield f"OBJECT_TYPE_MISSING {key}"
                else:
                    yield from _of_object(part)
