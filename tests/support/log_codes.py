#!/usr/bin/env python3
"""Fails where an event code of the programs' own log lines has no row under "Named states" in docs/operate.md, or a row has
one that no program writes."""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
OPERATE = TOP / "docs" / "operate.md"
# log.h: the code is the first argument of these, the second of the last two; it may be one of two.
WRITES = re.compile(r"\b(?:log_(?:debug|info|warn|error)\(|(?:log_emit|LOG_DISPATCH)\([^,;]*,)([^,;]*\"[^,;]*),")
CODE = re.compile(r"\"([a-z_]+(?:\.[a-z_]+)+)\"")
ROW = re.compile(r"^\| ((?:`[^`]+`(?:, )?)+) \|", re.M)


def written():
    """Each code, and a place that writes it."""
    codes = {}
    for folder in ("common", "producer", "worker"):
        for path in sorted((TOP / folder).glob("**/*.c")):
            text = path.read_text(encoding="utf-8")
            for found in WRITES.finditer(text):
                for code in CODE.findall(found[1]):
                    codes.setdefault(code, f"{path.relative_to(TOP)}:{text.count(chr(10), 0, found.start()) + 1}")
    return codes


def documented():
    section = OPERATE.read_text(encoding="utf-8").split("\n## Named states\n", 1)[1].split("\n## ", 1)[0]
    return {code for row in ROW.findall(section) for code in re.findall(r"`([^`]+)`", row)}


def main():
    codes, rows = written(), documented()
    for code in sorted(set(codes) - rows):
        print(f"{codes[code]}: {code} has no row under \"Named states\" in docs/operate.md", file=sys.stderr)
    for code in sorted(rows - set(codes)):
        print(f"docs/operate.md: no program writes {code}", file=sys.stderr)
    return 0 if set(codes) == rows else 1


if __name__ == "__main__":
    sys.exit(main())
