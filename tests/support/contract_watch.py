"""Keeps what the suite asks and gets: counted for the report, and sanitised as samples.

``CONTRACT_REPORT=FILE`` writes the report as JSON, ``CONTRACT_RECORD=FOLDER`` the samples, and
``CONTRACT_REPLAY=FOLDER`` has samples judged in the place of hosts. A folder or file is relative to
where the suite is started.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from support.contract_exchanges import Exchange
from support.contract_report import Report
from support.contract_samples import Recorder
from support.contract_targets import KEY_VARIABLES, USER_ID_VARIABLE, Plan


class Watch:
    """Sees every exchange of a run.

    Args:
        hosts: What the report is about.
        report_file: Where the report goes as JSON; None for nowhere.
        recorder: What keeps samples; None for none.
    """

    def __init__(
        self, hosts: list[str], report_file: Path | None, recorder: Recorder | None
    ) -> None:
        self._report = Report(hosts)
        self._report_file = report_file
        self._recorder = recorder

    def observe(self, exchange: Exchange) -> None:
        """Count an exchange, and keep a sample of it if samples are wanted."""
        self._report.observe(exchange)
        if self._recorder:
            self._recorder.observe(exchange)

    def finish(self) -> list[str]:
        """Write the JSON; give the lines of the report."""
        lines = self._report.to_text()
        if self._report_file:
            self._report_file.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(self._report.to_json(), indent=2)
            self._report_file.write_text(text + "\n", encoding="utf-8")
            lines.append(f"All fields: {self._report_file}")
        return lines


def read_watch(plan: Plan, environment: Mapping[str, str] = os.environ) -> Watch | None:
    """What the environment asks for; None where nobody wants to know: the hosts are the local ones
    and neither a report nor samples are asked for.
    """
    file, folder = (environment.get(name) for name in ("CONTRACT_REPORT", "CONTRACT_RECORD"))
    if plan.is_local and not (file or folder or plan.replay):
        return None
    secrets = [environment.get(name, "") for name in (*KEY_VARIABLES.values(), USER_ID_VARIABLE)]
    secrets += [str(urlsplit(url).hostname or "") for url in plan.urls.values()]
    recorder = Recorder(Path(folder), secrets) if folder else None
    return Watch(plan.hosts, Path(file) if file else None, recorder)
