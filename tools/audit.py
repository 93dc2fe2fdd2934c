"""Ask whether a package that is installed here has a known vulnerability, and say so when nobody could be asked.

    python -m tools.audit

It needs pip-audit (`make audit` installs it) and a network. Where the packages come from a mirror, its database is
often missing: pip-audit then reports that it found nothing, and this program that it asked about nothing.
Exit status: 0 none is known, 1 there are some, 2 nothing could be asked.
"""

from __future__ import annotations

import json
import subprocess
import sys

COMMAND = [sys.executable, "-m", "pip_audit", "--local", "--format=json", "--progress-spinner=off"]


def report(printed: str, complaint: str) -> tuple[int, str]:
    """Return the exit status, and what pip-audit's JSON says, or if there is none, its complaint, in words."""
    try:
        packages = json.loads(printed)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (complaint.strip().splitlines() or ["it printed nothing"])[-1]
        return 2, f"Nothing was audited: pip-audit is missing, or cannot reach its database ({last})."
    asked = [package for package in packages if "skip_reason" not in package]
    unknown = sorted(package["name"] for package in packages if "skip_reason" in package)
    if not asked:
        return 2, f"Nothing was audited: the database could not be asked about any of the {len(packages)} packages."
    found = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none'}"
        for package in asked
        for fault in package["vulns"]
    ]
    summary = f"{len(asked)} packages were audited; {len(found)} vulnerabilities are known."
    not_asked = [f"Not audited, unknown to the database: {', '.join(unknown)}."] if unknown else []
    return int(bool(found)), "\n".join([*found, summary, *not_asked])


def main() -> None:
    done = subprocess.run(COMMAND, capture_output=True, text=True)
    status, text = report(done.stdout, done.stderr)
    print(text)
    sys.exit(status)


if __name__ == "__main__":
    main()
