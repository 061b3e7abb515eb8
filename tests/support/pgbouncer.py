"""PgBouncer in transaction mode before a PostgreSQL server, where the program is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.servers import PATIENCE, free_port, until_listening

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
_SETTINGS = """\
[databases]
* = host={socket} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 500
default_pool_size = {connections}
logfile = {folder}/pgbouncer.log
"""


@contextmanager
def running_pgbouncer(socket_folder: str, folder: Path, connections: int) -> Iterator[int]:
    """Run PgBouncer on a loopback port; yields the port.

    Parameters
    ----------
    socket_folder : str
        Where the PostgreSQL server listens.
    folder : Path
        For its settings and its log.
    connections : int
        How many it opens to each database of the server at most.
    """
    assert PROGRAM is not None, "PgBouncer is not installed (on Debian: apt-get install pgbouncer)"
    port = free_port()
    folder.mkdir()
    file = folder / "pgbouncer.ini"
    text = _SETTINGS.format(socket=socket_folder, port=port, folder=folder, connections=connections)
    file.write_text(text)
    command = [PROGRAM, str(file)]
    if os.geteuid() == 0:  # it refuses to work as root: as the server's user it finds the socket
        owner = Path(socket_folder, ".s.PGSQL.5432").stat().st_uid
        for path in (folder, *folder.parents[:3]):
            if path.owner() == "root" and path.name.startswith(("pytest-", "test_", "pgbouncer")):
                path.chmod(path.stat().st_mode | 0o011)
        shutil.chown(folder, owner)
        shutil.chown(file, owner)
        command += ["-u", pwd.getpwuid(owner).pw_name]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_listening(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)
