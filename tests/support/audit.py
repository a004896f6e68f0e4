"""Check all installed packages for known vulnerabilities: `make audit`.

pip-audit reports success even if its service knows none of the packages. Here that is a failure:
the exit status is 0 if every package was looked up and none is vulnerable, 1 if one is, and 2 if
a package could not be looked up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

COMMAND = (
    *(sys.executable, "-m", "pip_audit", "--local", "--skip-editable"),
    *("--format", "json", "--progress-spinner", "off"),
)
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2
MOST_NAMED = 5
LONGEST_REASON = 300


def verdict(output: str, complaint: str) -> tuple[int, str]:
    """Return the exit status and the message for the output of pip-audit.

    Args:
        output: What it wrote to stdout.
        complaint: What it wrote to stderr.
    """
    try:
        found: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        lines = complaint.strip().splitlines()
        reason = lines[-1][:LONGEST_REASON] if lines else "it printed nothing"
        return UNKNOWN, f"pip-audit failed, so nothing is known: {reason}"
    packages = [each for each in found if "editable" not in each.get("skip_reason", "")]
    unknown = [each["name"] for each in packages if "skip_reason" in each]
    lines = [
        f"{each['name']} {each['version']}: {flaw['id']}, "
        f"fixed in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for each in packages
        for flaw in each.get("vulns", ())
    ]
    status = VULNERABLE if lines else CLEAN
    if unknown or not packages:
        names = ", ".join(unknown[:MOST_NAMED]) + (", ..." if len(unknown) > MOST_NAMED else "")
        lines.append(
            f"{len(unknown)} of {len(packages)} packages could not be looked up: "
            f"{names or 'there are none'}"
        )
        status = status or UNKNOWN
    return status, "\n".join(lines) or f"{len(packages)} packages, no known vulnerabilities"


def main() -> int:
    """Run pip-audit, print the verdict and return the exit status."""
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
    status, told = verdict(done.stdout, done.stderr)
    print(told, file=sys.stderr if status else sys.stdout)
    return status


if __name__ == "__main__":
    sys.exit(main())
