"""A host under a path: `https://lab.example.org/study/`.

The path is that of `DIPTYCH_BASE_URL`. A proxy may leave it in front of what it passes on, or cut
it off; both arrive here as WSGI wants it, the prefix in `SCRIPT_NAME` and the rest in `PATH_INFO`.
So routes and `request.path` never hold the prefix, and `url_for` and `request.script_root` do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Prefixed:
    """Moves the prefix of a request's path to where WSGI applications look for it.

    Parameters
    ----------
    app : WSGIApplication
        What answers.
    prefix : str
        Begins with `/` and does not end with it.
    """

    def __init__(self, app: WSGIApplication, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            environ["PATH_INFO"] = path[len(self._prefix) :] or "/"
        # Also where the proxy has cut it off: links and cookies need it all the same.
        environ["SCRIPT_NAME"] = self._prefix
        return self._app(environ, start_response)
