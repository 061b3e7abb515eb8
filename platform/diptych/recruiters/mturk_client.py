"""MTurk's API through boto3: the clients, and what a failed call says about what was done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from diptych.ground.settings import Settings
from diptych.recruiters.platform import PlatformFault

PRODUCTION = "https://mturk-requester.us-east-1.amazonaws.com"
SANDBOX = "https://mturk-requester-sandbox.us-east-1.amazonaws.com"
PAGE = 100  # the most that MTurk lists at once

_THROTTLED = {
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "TooManyRequestsException",
}
_NO_ENTRY = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "SubscriptionRequiredException",
    "UnrecognizedClientException",
}


@dataclass(frozen=True)
class Clients:
    """Two clients of one account.

    Attributes
    ----------
    asking : Any
        For calls that only read: repeats them by itself.
    doing : Any
        For calls that change something: never repeats one by itself, since only whoever
        made the call knows whether that is safe.
    sandbox : bool
        Whether money is play.
    """

    asking: Any
    doing: Any
    sandbox: bool


def connect(settings: Settings) -> Clients:
    """Return the clients with the credentials that boto3 finds (environment, `~/.aws`, a role).

    Raises
    ------
    PlatformFault
        When boto3 is not installed, or there are no (whole) credentials.
    """
    try:
        import boto3
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError:
        raise PlatformFault(
            "Mechanical Turk needs boto3, which is not installed: pip install 'diptych[mturk]'"
        ) from None
    endpoint = settings.mturk_endpoint or (SANDBOX if settings.mturk_sandbox else PRODUCTION)
    try:
        core = botocore.session.get_session()
        core.register_component("data_loader", _loader())
        session = boto3.session.Session(region_name=settings.mturk_region, botocore_session=core)
        if session.get_credentials() is None:
            raise PlatformFault(
                "There are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                "or write them into ~/.aws/credentials, on the host that pays"
            )

        def client(attempts: int, mode: str) -> Any:
            config = Config(
                connect_timeout=10,
                read_timeout=30,
                retries={"total_max_attempts": attempts, "mode": mode},
            )
            return session.client("mturk", endpoint_url=endpoint, config=config)

        return Clients(client(5, "standard"), client(1, "standard"), settings.mturk_sandbox)
    except (BotoCoreError, ValueError) as fault:
        raise PlatformFault(f"boto3 can't speak to Mechanical Turk: {fault}") from None


@cache
def _loader() -> Any:
    """Load what botocore reads from its files (megabytes, no credentials), once per process."""
    from botocore.loaders import create_loader

    return create_loader()


@dataclass(frozen=True)
class Trouble:
    """What a failed call says.

    `refused`: MTurk read it and said no. `busy`: it can't have acted, another try may work.
    `doubt`: it may have acted. `shut`: the account or the settings can't be used; it did not act.
    """

    kind: Literal["refused", "busy", "doubt", "shut"]
    reason: str
    code: str = ""

    def says(self, words: str) -> bool:
        """Say whether MTurk's message holds the words, or its own code ends with them."""
        return words.lower() in self.reason.lower() or self.code.endswith(words)


def expected() -> tuple[type[Exception], ...]:
    """List what a call can raise."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    return (BotoCoreError, ClientError, ResponseParserError)


def trouble(fault: Exception) -> Trouble:
    """Read an error of `expected()`."""
    from botocore import exceptions

    if isinstance(fault, exceptions.ClientError):
        return _said(fault.response)
    reason = f"{type(fault).__name__}: {fault}"
    if isinstance(fault, exceptions.EndpointConnectionError | exceptions.ConnectTimeoutError):
        return Trouble("busy", reason)
    if isinstance(fault, exceptions.ParamValidationError):
        return Trouble("refused", str(fault))
    if isinstance(
        fault,
        exceptions.NoCredentialsError
        | exceptions.PartialCredentialsError
        | exceptions.CredentialRetrievalError
        | exceptions.NoRegionError,
    ):
        return Trouble("shut", reason)
    return Trouble("doubt", reason)


def _said(response: Any) -> Trouble:
    error = response.get("Error", {})
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(error.get("Code", ""))
    # MTurk's own code, such as AWS.MechanicalTurk.InvalidAssignmentState, where it gives one.
    own = str(response.get("TurkErrorCode") or code)
    reason = str(error.get("Message") or response.get("Message") or code)
    if code in _THROTTLED or status == 429:
        return Trouble("busy", reason, own)
    if code in _NO_ENTRY:
        return Trouble("shut", reason, own)
    if status >= 500 or code == "ServiceFault":
        return Trouble("doubt", reason, own)
    return Trouble("refused", reason, own)


def pages(client: Any, operation: str, key: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Yield every entry of a list, page by page.

    Raises
    ------
    PlatformFault
        When MTurk can't be asked, with what it said.
    """
    try:
        pager = client.get_paginator(operation)
        for page in pager.paginate(**parameters, PaginationConfig={"PageSize": PAGE}):
            yield from page.get(key, ())
    except expected() as fault:
        found = trouble(fault)
        raise PlatformFault(f"Mechanical Turk did not list {operation}: {found.reason}") from fault


def minor(amount: str) -> int:
    """Read an amount as MTurk writes it (`"1.5"`, dollars) in cents."""
    from decimal import Decimal

    return int((Decimal(amount) * 100).to_integral_value())


def major(cents: int) -> str:
    """Return the cents as MTurk wants an amount: `"1.50"`."""
    return f"{cents // 100}.{cents % 100:02d}"
