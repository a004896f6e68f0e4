"""What a check is, what it finds, and what it looks at."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from tensormesh_cli._errors import CliError, ConfigFault, describe
from tensormesh_cli.config.settings import FLAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tensormesh import Tensormesh
    from tensormesh_cli._app import App, Surface
    from tensormesh_cli.config.settings import Settings
    from tensormesh_cli.credentials.store import Tokens

    Status = Literal["ok", "warn", "fail", "skip"]
    Run = Callable[["Scene"], "Finding"]

TOKEN_VARIABLE = "TENSORMESH_CONTROL_PLANE_TOKEN"  # noqa: S105 - the name of a variable
# Who runs a doctor wants to know soon that something does not answer.
_NETWORK_SECONDS = 10.0


class Finding(NamedTuple):
    """What a check found.

    Attributes:
        status: `ok`, `warn`, `fail` or `skip`.
        message: The finding, on one line and without secrets.
        hint: What to do about it, or None.
    """

    status: Status
    message: str
    hint: str | None = None


class CheckFailedError(Exception):
    """Ends a check with a failure."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.finding = Finding("fail", message, hint)


@dataclass(frozen=True)
class Check:
    """A check.

    Attributes:
        id: Name, such as `auth.token`.
        run: Runs the check. May raise `CheckFailedError`.
        commands: Commands that show it.
        needs: Checks that must pass first.
        only_warns: Commands in which a failure is a warning.
    """

    id: str
    run: Run
    commands: frozenset[str]
    needs: tuple[str, ...] = ()
    only_warns: frozenset[str] = frozenset()


class Scene:
    """What the checks look at. Each part is read when it is first needed, and once.

    Args:
        app: The run.
        table: The checks by id.
        now: The current time, aware.
    """

    def __init__(self, app: App, table: dict[str, Check], *, now: datetime | None = None) -> None:
        self.app = app
        self.now = now or datetime.now(UTC)
        self._table = table
        self._found: dict[str, Finding] = {}

    def find(self, check_id: str) -> Finding:
        """Return the finding of a check, which runs once and after those that it needs."""
        if check_id not in self._found:
            self._found[check_id] = self._make(self._table[check_id])
        return self._found[check_id]

    @cached_property
    def config_fault(self) -> ConfigFault | None:
        """Why the settings cannot be read, or None."""
        try:
            _ = self.app.settings
        except ConfigFault as fault:
            return fault
        return None

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.app.settings

    @property
    def environment_token(self) -> str | None:
        """The Control Plane token of the environment."""
        return self.app.environ.get(TOKEN_VARIABLE) or None

    @cached_property
    def saved(self) -> Tokens | None:
        """The saved login for any host. Raises ConfigFault if its file cannot be used."""
        from tensormesh_cli.credentials.store import TokenStore

        if self.settings.home is None:
            return None
        return TokenStore(self.settings.auth_path).load()

    def control_plane(self) -> Tensormesh:
        """Return a client for the Control Plane."""
        return self.app.control_plane_client(timeout=self.seconds)

    def inference(self, surface: Surface) -> Tensormesh:
        """Return a client for an inference host."""
        return self.app.inference_client(surface, timeout=self.seconds)

    @property
    def seconds(self) -> float:
        """Timeout of a request in seconds."""
        seconds = self.settings.timeout_seconds
        chosen = self.settings.sources["timeout_seconds"] == FLAG
        return seconds if chosen else min(seconds, _NETWORK_SECONDS)

    def _make(self, check: Check) -> Finding:
        for needed in check.needs:
            if self.find(needed).status in ("fail", "skip"):
                return Finding("skip", f"not checked: needs {needed}")
        try:
            return check.run(self)
        except CheckFailedError as failed:
            return failed.finding


@contextmanager
def asking(host: str, *, fix: str | None = None, otherwise: str | None = None) -> Iterator[None]:
    """End the check if a request fails.

    Args:
        host: The host, for the message.
        fix: What to do, by default the hint of the error.
        otherwise: What to do if the error has no hint either.
    """
    import tensormesh

    try:
        yield
    except (tensormesh.TensormeshError, CliError) as error:
        fault = describe(error)
        raise CheckFailedError(
            f"{host}: {fault.message}", fix or fault.hint or otherwise
        ) from error
