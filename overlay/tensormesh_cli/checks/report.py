"""The table of checks, and the report of one command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from tensormesh_cli.checks import local, network
from tensormesh_cli.checks.base import Check, Finding, Scene

if TYPE_CHECKING:
    from datetime import datetime

    from tensormesh_cli._app import App
    from tensormesh_cli.output import Screen

    Command = Literal["status", "infer", "doctor"]

_EVERY = frozenset({"status", "infer", "doctor"})
_STATUS_AND_DOCTOR = frozenset({"status", "doctor"})
_DOCTORS = frozenset({"infer", "doctor"})
_DOCTOR = frozenset({"doctor"})
_INFER = frozenset({"infer"})
_CONFIG = ("config.file",)
_GATEWAY = ("gateway.api_key", "gateway.user_id", "gateway.base_url")

TABLE: Final = {
    check.id: check
    for check in (
        Check("config.file", local.config_file, _DOCTORS),
        Check("config.ca_bundle", local.ca_bundle, _DOCTOR, _CONFIG),
        Check("auth.token", local.token, _STATUS_AND_DOCTOR, _CONFIG),
        Check("auth.expiry", local.expiry, _STATUS_AND_DOCTOR, ("auth.token",)),
        Check("auth.live", network.auth_live, _DOCTOR, ("auth.token", "latest.auth")),
        Check("gateway.api_key", local.api_key, _EVERY, _CONFIG),
        Check("gateway.user_id", local.user_id, _EVERY, _CONFIG),
        Check("gateway.base_url", local.base_url, _DOCTORS, _CONFIG),
        Check("gateway.model", local.model, _DOCTORS, _CONFIG),
        Check("gateway.health", network.gateway_health, _DOCTOR, _GATEWAY),
        Check("gateway.models", network.gateway_models, _DOCTOR, (*_GATEWAY, "gateway.health")),
        Check("serverless.health", network.serverless_health, _DOCTOR, _CONFIG, _DOCTOR),
        Check("latest.auth", local.latest_auth, _DOCTORS, _CONFIG, _INFER),
        Check("latest.inventory", network.latest_inventory, _DOCTORS, ("latest.auth",), _INFER),
    )
}

_MARKS = {"ok": "✓", "warn": "!", "fail": "✗", "skip": "-"}
_PLAIN_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL", "skip": "skip"}
_COLORS = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "bright_black"}


class Entry(NamedTuple):
    """A check and what it found."""

    id: str
    finding: Finding


class Report(NamedTuple):
    """What the checks of a command found, in the order of the table."""

    entries: tuple[Entry, ...]

    @property
    def ready(self) -> bool:
        """Whether no check failed."""
        return all(entry.finding.status != "fail" for entry in self.entries)

    def data(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        checks = [{"id": entry.id, **entry.finding._asdict()} for entry in self.entries]
        return {"ready": self.ready, "checks": checks}

    def text(self, screen: Screen) -> str:
        """Return the report for people, with words if marks cannot be encoded."""
        import click

        marks = _MARKS if screen.can_show("".join(_MARKS.values())) else _PLAIN_MARKS
        width = max(len(entry.id) for entry in self.entries)
        lines = []
        for check_id, (status, message, hint) in self.entries:
            mark = click.style(marks[status], fg=_COLORS[status]) if screen.color else marks[status]
            lines.append(f"{mark} {check_id:{width}}  {message}")
            if hint and status != "ok":
                lines.append(f"{'':{len(marks[status]) + width + 3}}{hint}")
        failed = sum(entry.finding.status == "fail" for entry in self.entries)
        checks = f"{failed} check{'' if failed == 1 else 's'}"
        lines.append("Ready." if self.ready else f"Not ready: {checks} failed.")
        return "\n".join(lines)


def examine(app: App, command: Command, *, now: datetime | None = None) -> Report:
    """Run the checks of a command.

    Args:
        app: The run.
        command: `status` for `tm auth status`, `infer` for `tm infer doctor`, or `doctor`.
        now: The current time, aware. By default that of this machine.
    """
    scene = Scene(app, TABLE, now=now)
    entries = []
    for check in TABLE.values():
        if command in check.commands:
            finding = scene.find(check.id)
            if finding.status == "fail" and command in check.only_warns:
                finding = finding._replace(status="warn")
            entries.append(Entry(check.id, finding))
    return Report(tuple(entries))
