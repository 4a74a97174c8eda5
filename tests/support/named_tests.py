#!/usr/bin/env python3
"""Fails where a document names a test that does not exist: in docs/*.md, README.md and CONTRIBUTING.md, test files
(`test_x.py`, `test_x.c`), test methods, and the functions of unit tests; of those with another beginning what follows a
test file and a colon."""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
NAME = re.compile(r"\b(?:test|stopper|stop_engine|plan)_[a-z0-9_]+(?:\.[a-z]+)?")
IN_FILE = re.compile(r"\btest_[a-z0-9_]+\.(?:c|py): ([a-z0-9]+_[a-z0-9_]+(?:, [a-z0-9]+_[a-z0-9_]+)*)")


def existing():
    """Every name that a document may use."""
    names = set()
    for path in TOP.glob("**/*.[chp]*"):
        parts = path.relative_to(TOP).parts
        if parts[0] in ("build", ".git") or path.suffix not in (".c", ".h", ".py"):
            continue
        names.add(path.name)
        if parts[0] == "tests":
            names.add(path.stem)
            names.update(re.findall(r"^\s*(?:def|static void) (\w+)\(", path.read_text(encoding="utf-8"), re.M))
    return names


def main():
    names = existing()
    missing = 0
    for path in [*sorted(TOP.glob("docs/*.md")), TOP / "README.md", TOP / "CONTRIBUTING.md"]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            named = {name for list_ in IN_FILE.findall(line) for name in list_.split(", ")}
            for name in sorted(named.union(NAME.findall(line))):
                if name not in names:
                    missing += 1
                    print(f"{path.relative_to(TOP)}:{number}: there is no test or file named {name}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
