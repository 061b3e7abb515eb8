"""The thread that looks for alerts: apart from requests, and from settling.

A mail server that hangs delays the next look, and nothing else.
"""

from __future__ import annotations

import logging
import random
import threading

from flask import Flask

from diptych.alerts.channels import channels
from diptych.alerts.delivery import watch
from diptych.host import Host

log = logging.getLogger("diptych")
#: Between two looks (s), more or less: several processes shall not look at the same moment.
PAUSE_S = 60.0


def begin(app: Flask, host: Host) -> threading.Event | None:
    """Start the thread where the settings name a channel; setting the event ends it.

    Parameters
    ----------
    app : Flask
        The application of this process.
    host : Host
        Its host.
    """
    if not channels(host.settings):
        return None
    ending = threading.Event()

    def run() -> None:
        while not ending.wait(PAUSE_S * random.uniform(0.8, 1.2)):
            try:
                with app.app_context():
                    watch(host.settings)
            except Exception:
                log.exception("alerts were not looked for; the next try is in a minute")

    threading.Thread(target=run, name="diptych-alerts", daemon=True).start()
    return ending
