"""
A first study and its simulated data
====================================

Make a study from a template, let simulated participants take it on a host of this machine, export
the tables and look at them. docs/first-study.md does the same by hand, with Prolific at its end.
"""

# %%
# The commands are those of a terminal. Everything is written to a temporary folder.
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

import diptych_analysis as da

home = Path(tempfile.mkdtemp())
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{free.getsockname()[1]}"
settings = {"DIPTYCH_HOME": str(home / "instance"), "DIPTYCH_STUDIES": str(home / "studies")}
environment = os.environ | settings | {"DIPTYCH_BASE_URL": url}


def diptych(*words: str) -> list[str]:
    """Return a command of the environment that runs this example."""
    return [str(Path(sys.executable).with_name("diptych")), *words]


for words in ("db upgrade", "study new shapes", "study build shapes", "study open shapes"):
    subprocess.run(diptych(*words.split()), env=environment, cwd=home, check=True)

# %%
# A host answers simulated participants as it answers people: over HTTP.
port = url.rpartition(":")[2]
with subprocess.Popen(diptych("serve", "--port", port), env=environment, cwd=home) as host:
    for _ in range(300):
        try:
            httpx.get(f"{url}/healthz", timeout=5).raise_for_status()
            break
        except httpx.HTTPError:
            time.sleep(0.2)
    simulate = diptych("simulate", "shapes", "-n", "12", "--base-url", url)
    subprocess.run(simulate, env=environment, cwd=home, check=True)
    host.terminate()
subprocess.run(diptych("export", "shapes", "--to", "out"), env=environment, cwd=home, check=True)

# %%
# The tables say who answered what, and when.
tables = da.read_tables(home / "out")
tables

# %%
tables.trials[["phase", "label", "response", "correct", "rt_ms"]].head()

# %%
da.plot.learning_curves(tables)
