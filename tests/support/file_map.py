#!/usr/bin/env python3
"""The section "Every file" of docs/architecture.md: each source file with the first sentence that it says of itself.

A file without a header stands with the one whose name it continues (record_decode.c with record.h)."""

import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ["common/base", "common/domain", "common/io", "producer", "worker/runtime", "worker/host", "worker/audit", "deploy/quickstart"]
BESIDE = {"arena": "memory", "span": "buffer", "clock_parse": "clock", "fold_results": "fold", "fold_tags": "fold",
          "redis_connect": "redis_connection", "redis_script": "redis_script_sources"}


def first_sentence(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    kind = os.path.splitext(path)[1]
    pattern = {".lua": r"(?:^--[^\n]*\n)+", ".sh": r"(?:^#(?!!)[^\n]*\n)+"}.get(kind, r"/\*\*?.*?\*/")
    found = re.search(pattern, text, re.S | re.M)
    if not found or found.start() > 400:
        return ""
    lines = [re.sub(r"^\s*(/\*\*?|\*/|\*|--|#)\s?", "", line).replace("*/", "").strip() for line in found.group(0).splitlines()]
    words = " ".join(line for line in lines if line)
    if kind == ".lua":
        words = re.sub(r"^\w+: ", "", words)
    return re.split(r"(?<=[\w)`\]\"])\.(?:\s|$)", words)[0].replace("|", "\\|").strip()


def main():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-c", "-o", "--exclude-standard", *FOLDERS], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    print("## Every file\n\n<!-- Made from the files' own first sentences: tests/support/generated_docs.sh. -->")
    for folder in FOLDERS:
        names = [os.path.basename(f) for f in listed if os.path.dirname(f) == folder and not f.endswith("CMakeLists.txt")]
        stems = {}
        for name in names:
            stems.setdefault(os.path.splitext(name)[0], []).append(name)
        headed = {s for s, n in stems.items() if f"{s}.h" in n}
        rows = {}
        for stem, its in stems.items():
            home = stem
            if stem not in headed and all(n.endswith(".c") for n in its):
                longer = [h for h in headed if stem.startswith(h + "_")]
                home = BESIDE.get(stem) or (max(longer, key=len) if longer else stem)
            rows.setdefault(home, []).extend(its)
        print(f"\n### {folder}\n\n| files | what |\n|---|---|")
        for home in sorted(rows):
            its = sorted(rows[home], key=lambda n: (os.path.splitext(n)[0] != home, n))
            says = next((s for s in (first_sentence(os.path.join(ROOT, folder, n)) for n in sorted(its, key=lambda n: not n.endswith(".h"))) if s), "")
            print(f"| {' '.join(f'`{n}`' for n in its)} | {says} |")


if __name__ == "__main__":
    main()
