"""The file of the saved login, `auth.json`."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tensormesh_cli._errors import LOGIN_HINT, ConfigFault
from tensormesh_cli.config.atomic import cannot, leftovers, locked, make_folder, write_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

VERSION = 1


class TokenAnswer(Protocol):
    """What the Control Plane answers to a login and to a renewal."""

    access_token: str
    refresh_token: str
    expires_at: datetime


@dataclass(frozen=True)
class Tokens:
    """A saved login. Shows no token in its `repr`.

    Attributes:
        controlplane_base: The host that issued the tokens, and the only one that gets them.
        access_token: Bearer token of the Control Plane.
        refresh_token: What to get the next tokens with, once.
        expires_at: When the access token ends, RFC 3339.
        saved_at: When the file was written, RFC 3339.
        user_id: Who logged in, if that is known.
        user_email: Their e-mail address, if it is known.
        token_type: Always `Bearer`.
        version: Version of the file's form.
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
        """When the access token ends; aware."""
        return _read_time(self.expires_at)

    def seconds_left(self, now: datetime) -> float:
        """How long the access token is valid from `now` on; negative if it ended."""
        return (self.expiry - now).total_seconds()


def new_tokens(answer: TokenAnswer, controlplane_base: str, now: datetime) -> Tokens:
    """Return the login that a host's answer makes, with nobody's name in it yet."""
    return Tokens(
        controlplane_base=controlplane_base,
        access_token=answer.access_token,
        refresh_token=answer.refresh_token,
        expires_at=write_time(answer.expires_at),
        saved_at=write_time(now),
    )


def renewed(old: Tokens, answer: TokenAnswer, now: datetime) -> Tokens:
    """Return the login with new tokens; both replace the old ones."""
    return replace(
        old,
        access_token=answer.access_token,
        refresh_token=answer.refresh_token,
        expires_at=write_time(answer.expires_at),
        saved_at=write_time(now),
    )


class TokenStore:
    """The saved login in a file that its owner alone can read.

    Args:
        path: The file, which need not exist.
        hide: Told of every token that is read or written, so that it is shown nowhere.
    """

    def __init__(self, path: Path, *, hide: Callable[[str], None] | None = None) -> None:
        self.path = path
        self._hide = hide

    def load(self) -> Tokens | None:
        """Return the saved login; None if there is none.

        Raises:
            ConfigFault: The file cannot be read, or is not what `tm` writes.
        """
        import json

        try:
            data = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot("read", self.path, error) from error
        except ValueError:
            raise self._broken("it is not JSON") from None
        return self._hidden(self._read(data))

    def save(self, tokens: Tokens) -> None:
        """Write the login, whole or not at all.

        Raises:
            ConfigFault: The file cannot be written; a login that was there stays.
        """
        import json

        self._hidden(tokens)
        try:
            make_folder(self.path.parent, private=True)
        except OSError as error:
            raise cannot("write", self.path, error) from error
        write_file(self.path, (json.dumps(asdict(tokens), indent=2) + "\n").encode())

    def check_writable(self) -> None:
        """Tell before anything is done whether the login could be saved.

        Raises:
            ConfigFault: Its folder cannot be written.
        """
        folder = self.path.parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise cannot("write", self.path, OSError(0, f"{folder} is not writable"))

    def exists(self) -> bool:
        """Whether a login, or a part of one that a killed process left, is on disk."""
        return os.path.lexists(self.path) or bool(leftovers(self.path))

    def delete(self) -> bool:
        """Remove the saved login and what killed processes left. Return whether there was one.

        Raises:
            ConfigFault: A file cannot be removed.
        """
        target = Path(os.path.realpath(self.path))
        found = os.path.lexists(self.path)
        # The link last: without it the next logout would not find the file with the tokens.
        for path in (*leftovers(self.path), target, self.path):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise cannot("remove", path, error) from error
        return found

    def lock(self) -> AbstractContextManager[None]:
        """Keep other processes from changing the login meanwhile.

        Raises:
            ConfigFault: The folder cannot be written, or another process took too long.
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
            raise self._broken("it is not a JSON object")
        if data.get("version", VERSION) != VERSION:
            raise self._broken("another version of tm wrote it")
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
                raise self._broken(f"`{name}` is missing or no text")
        try:
            _read_time(values["expires_at"])
        except ValueError:
            raise self._broken("`expires_at` is not a time") from None
        return Tokens(**values)

    def _broken(self, problem: str) -> ConfigFault:
        return ConfigFault(
            f"the saved login in {self.path} cannot be used: {problem}", hint=LOGIN_HINT
        )


def write_time(time: datetime) -> str:
    """Return an aware time as RFC 3339 in UTC, to the second."""
    return time.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _read_time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
