"""Every benchmark with its defaults, one after another: about an hour and a half.

Each runs in a process of its own and prints its tables; with `--markdown FILE` they are also
written to a file, together with the command that made them. `--small` runs all with small sizes in
a few minutes, to see that they work; its figures mean little.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

_HERE = Path(__file__).parent
_DEFAULT: dict[str, list[str]] = {
    "machine.py": [],
    "append.py": ["--seconds", "12"],
    "search.py": ["--events", "300000"],
    "decide.py": ["--seconds", "15", "--profile", "--database", "both"],
    "freshness.py": [],
    "training.py": ["--tenants", "300"],
    "behind.py": [],
    "monitoring.py": [],
    "watched.py": [],
    "unchanged.py": [],
    "eviction.py": [],
    "serving.py": [],
}
_SMALL_WEEK = ["--requests", "400000", "--seeds", "2", "--outcomes", "10000"]
_QUICK_PARTS = ["start", "cold", "hot", "decide", "batch", "memory", "recall"]
_SMALL: dict[str, list[str]] = {
    "machine.py": [],
    "append.py": ["--seconds", "2"],
    "search.py": ["--events", "5000"],
    "decide.py": ["--seconds", "2", "--tenants", "50", "--profile"],
    "freshness.py": ["--count", "10", "--tenants", "30", "--singles", "3"],
    "training.py": ["--tenants", "20"],
    "behind.py": ["--sizes", "100", "1000"],
    "watched.py": ["--tenants", "100", "1000", "--outcomes", "1000"],
    "unchanged.py": ["--tenants", "50", "--weeks", "2"],
    "monitoring.py": ["--tasks", "1000", "--broken", "100", "--changes", "100", *_SMALL_WEEK],
    "eviction.py": [],
    "serving.py": ["--models", "300", "--seconds", "1", "--parts", *_QUICK_PARTS],
}


def run(name: str, arguments: list[str], file: Path | None) -> bool:
    """Run one benchmark; whether it ended well."""
    shown = " ".join(["python", f"benchmarks/{name}", *arguments])
    Console(highlight=False).rule(shown)
    if file is not None:
        _write(file, f"\n## `{shown}`\n")
        arguments = [*arguments, "--markdown", str(file)]
    begun = time.monotonic()
    done = subprocess.run([sys.executable, _HERE / name, *arguments], check=False)  # noqa: S603 - our own files
    taken = time.monotonic() - begun
    how = "done" if done.returncode == 0 else f"FAILED with exit code {done.returncode}"
    print(f"{how} in {taken:.0f} s\n")
    if file is not None and done.returncode:
        _write(file, f"\nIt {how}.\n")
    return done.returncode == 0


def _write(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as opened:
        opened.write(text)


def main() -> None:
    """Run all; the exit code is 1 if one of them failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--markdown", type=Path, help="write the tables to this file")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--data-folder", type=Path, help="of training.py's second run")
    parser.add_argument("--small", action="store_true", help="only see that they work")
    asked = parser.parse_args()
    if asked.markdown:
        asked.markdown.write_text(
            f"# Benchmarks\n\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python "
            f"{platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores\n",
            encoding="utf-8",
        )
    sizes = _SMALL if asked.small else _DEFAULT
    runs = list(sizes.items())
    if asked.data_folder:
        runs.append(("training.py", [*sizes["training.py"], "--data-folder", asked.data_folder]))
    place = ["--folder", str(asked.folder)] if asked.folder != Path(tempfile.gettempdir()) else []
    failed = [
        name for name, given in runs if not run(name, [*map(str, given), *place], asked.markdown)
    ]
    if failed:
        sys.exit(f"these failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
