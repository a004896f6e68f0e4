"""The file of the saved login, `auth.json`."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import LOGIN_HINT, ConfigFault
from tensormesh_cli.config.atomic import cannot, leftovers, locked, make_folder, write_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tensormesh.types import ExchangeCliLoginResponse, RefreshCliLoginResponse

    TokenAnswer = ExchangeCliLoginResponse | RefreshCliLoginResponse

VERSION = 1


@dataclass(frozen=True)
class Tokens:
    """A saved login. Its `repr` contains no token.

    Attributes:
        controlplane_base: The host that issued the tokens, and the only one that gets them.
        access_token: Bearer token of the Control Plane.
        refresh_token: Token that renews the login once.
        expires_at: When the access token expires, RFC 3339.
        saved_at: When the file was written, RFC 3339.
        user_id: Who logged in, if known.
        user_email: Their e-mail address, if known.
        token_type: Always `Bearer`.
        version: Version of the file format.
    """

    controlplane_base: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: str
    saved_at: str
    user_id: str | None = None
    user_email: str | None = None
    token_type: str = "Bearer"  # noqa: S105 - the kind of a token
    version: int = VERSION

    @property
    def expiry(self) -> datetime:
        """When the access token expires, aware."""
        return _read_time(self.expires_at)

    def seconds_left(self, now: datetime) -> float:
        """Return how long the access token stays valid. Negative if it has expired."""
        return (self.expiry - now).total_seconds()


def new_tokens(answer: TokenAnswer, controlplane_base: str, now: datetime) -> Tokens:
    """Return the login in a response of the host, without a user."""
    return Tokens(
        controlplane_base=controlplane_base,
        access_token=answer.access_token,
        refresh_token=answer.refresh_token,
        expires_at=write_time(answer.expires_at),
        saved_at=write_time(now),
    )


class TokenStore:
    """The saved login, in a file that only its owner can read.

    Args:
        path: The file, which need not exist.
        hide: Called with every token that is read or written, to keep it out of messages.
    """

    def __init__(self, path: Path, *, hide: Callable[[str], None] | None = None) -> None:
        self.path = path
        self._hide = hide

    def load(self) -> Tokens | None:
        """Return the saved login, or None if there is none.

        Raises:
            ConfigFault: The file cannot be read, or was not written by `tm`.
        """
        import json

        try:
            data = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot("read", self.path, error) from error
        except ValueError:
            raise self._broken("not JSON") from None
        return self._hidden(self._read(data))

    def save(self, tokens: Tokens) -> None:
        """Write the login, completely or not at all. The caller holds the lock.

        Raises:
            ConfigFault: The file cannot be written. An earlier login stays.
        """
        import json

        self._hidden(tokens)
        try:
            make_folder(self.path.parent, private=True)
        except OSError as error:
            raise cannot("write", self.path, error) from error
        write_file(self.path, (json.dumps(asdict(tokens), indent=2) + "\n").encode())

    def check_writable(self) -> None:
        """Check whether a login could be saved.

        Raises:
            ConfigFault: The directory is not writable.
        """
        folder = self.path.parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise cannot("write", self.path, OSError(0, f"{folder} is not writable"))

    def exists(self) -> bool:
        """Return whether a login is on disk, or a part that a killed process left."""
        return os.path.lexists(self.path) or bool(leftovers(self.path))

    def delete(self) -> bool:
        """Remove the saved login, and what killed processes left. Return whether there was one.

        Raises:
            ConfigFault: A file cannot be removed.
        """
        target = Path(os.path.realpath(self.path))
        found = os.path.lexists(self.path)
        # A link goes last: without it, the next logout could not find the file.
        for path in (*leftovers(self.path), target, self.path):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise cannot("remove", path, error) from error
        return found

    def lock(self) -> AbstractContextManager[None]:
        """Keep other processes from changing the login.

        Raises:
            ConfigFault: The directory is not writable, or another process holds the lock.
        """
        # Earlier versions gave temporary files another name.
        return locked(self.path, temporary="*")

    def _hidden(self, tokens: Tokens) -> Tokens:
        if self._hide is not None:
            self._hide(tokens.access_token)
            self._hide(tokens.refresh_token)
        return tokens

    def _read(self, data: Any) -> Tokens:
        if not isinstance(data, dict):
            raise self._broken("not a JSON object")
        if data.get("version", VERSION) != VERSION:
            raise self._broken("written by another version of tm")
        known = {item.name for item in fields(Tokens)}
        values = {name: value for name, value in data.items() if name in known}
        for name in known - {"version"}:
            value = values.get(name)
            if name in ("user_id", "user_email") and value is None:
                continue
            if name == "token_type" and name not in values:
                continue
            if name == "saved_at" and name not in values:
                values[name] = ""
                continue
            if not isinstance(value, str) or not value.isprintable() or not value:
                raise self._broken(f"`{name}` is missing or not a string")
        try:
            _read_time(values["expires_at"])
        except ValueError:
            raise self._broken("`expires_at` is not a valid time") from None
        return Tokens(**values)

    def _broken(self, problem: str) -> ConfigFault:
        return ConfigFault(f"invalid login file {self.path}: {problem}", hint=LOGIN_HINT)


def write_time(time: datetime) -> str:
    """Return an aware time as RFC 3339 in UTC, to the second."""
    return time.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _read_time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
