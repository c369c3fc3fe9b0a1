"""Asks pip-audit about what is installed, and says plainly how much of it could be asked about."""

import json
import subprocess
import sys


def main() -> int:
    """Prints one line a known vulnerability; fails if there is one."""
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner=off", "--skip-editable"]
    done = subprocess.run([*command, "--format=json"], capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        sys.stderr.write(done.stderr)
        return 1
    packages = json.loads(done.stdout)["dependencies"]
    asked = [p for p in packages if "skip_reason" not in p]
    found = [(p, v) for p in asked for v in p["vulns"]]
    for package, vulnerability in found:
        fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}")
    print(f"audit: {len(asked)} of {len(packages)} packages asked about, {len(found)} known faults")
    if not asked:
        print("audit: the package index in use answers no such questions; nothing was checked")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
