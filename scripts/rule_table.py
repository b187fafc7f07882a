#!/usr/bin/env python3
"""Holds docs/RULES.md to the tree: rule_table.py ROOT

Prints every fault as file:line: fault, and exits 1 if there is one.
- every rule and part in Sources/Policy/RuleSwitches.swift has exactly one row;
- no cell is empty (`–` says that there is nothing);
- every file or folder, every suite and every parameter that a row names exists; only the rows of a stage whose folder is
  not there at all are let through, and counted.
"""

import pathlib
import re
import sys

NAMES = re.compile(r"`([^`]+)`")


def switches(root):
    text = (root / "Sources/Policy/RuleSwitches.swift").read_text(encoding="utf-8")
    return re.findall(r'"(R\d\d(?:-[a-z-]+)?)"', text)


def parameters(root):
    """`section.key` of every key of the example policy, two levels deep."""
    section, found = None, set()
    for line in (root / "deploy/policy/policy.yaml").read_text(encoding="utf-8").splitlines():
        top, key = re.match(r"(\w+):", line), re.match(r"  (\w+):", line)
        if top:
            section = top[1]
        elif key:
            found.add(f"{section}.{key[1]}")
    return found


def code_faults(root, name):
    path = root / name if name.startswith("Sources/") else root / "Sources/Stages" / name
    if name.endswith("/"):
        if not path.is_dir() or not any(path.glob("*.swift")):
            yield f"no folder {name} with sources"
    elif not path.is_file():
        yield f"no file {name}"


def test_faults(root, name):
    place, _, suite = name.partition("#")
    files = sorted((root / "Tests").glob(place))
    if not files:
        yield f"no test file {place}"
    for file in files:
        wanted = suite or file.stem
        text = file.read_text(encoding="utf-8")
        # A suite may be named by a sentence instead; then its file is enough.
        if not re.search(rf"struct {wanted}\b|@Suite struct `|@Suite\(", text) or "@Test" not in text:
            yield f"no suite {wanted} with tests in {place}"


def is_pending(root, code):
    """The rule belongs to a stage that is not in this tree: its folder `Name/` below Sources/Stages is missing."""
    return all(
        re.fullmatch(r"\w+/", name) and not (root / "Sources/Stages" / name).exists() for name in NAMES.findall(code)
    )


def row_faults(root, cells, known):
    rule, _, code, tests, numbers = cells
    for title, cell in zip(("rule", "meaning", "decided in", "tests", "parameters"), cells):
        if not cell:
            yield f"{rule}: nothing under `{title}`"
    for title, cell, faults in (("decided in", code, code_faults), ("tests", tests, test_faults)):
        if not NAMES.findall(cell):
            yield f"{rule}: names nothing under `{title}`"
        for name in [] if is_pending(root, code) else NAMES.findall(cell):
            yield from (f"{rule}: {fault}" for fault in faults(root, name))
    for name in NAMES.findall(numbers):
        if name not in known:
            yield f"{rule}: deploy/policy/policy.yaml has no parameter {name}"


def main(root):
    page = root / "docs/RULES.md"
    known, rows, faults, pending = parameters(root), {}, [], 0
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.startswith("|") or line.startswith(("|---", "| rule |")):
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 5:
            faults.append((number, f"{len(cells)} cells instead of 5"))
            continue
        if cells[0] in rows:
            faults.append((number, f"{cells[0]}: a second row"))
        rows[cells[0]] = number
        pending += is_pending(root, cells[2])
        faults += [(number, fault) for fault in row_faults(root, cells, known)]
    rules = switches(root)
    faults += [(1, f"{rule}: no row") for rule in rules if rule not in rows]
    unknown = [rule for rule in rows if re.match(r"R\d\d", rule) and rule not in rules]
    faults += [(rows[rule], f"{rule}: no such rule") for rule in unknown]
    for number, fault in faults:
        print(f"docs/RULES.md:{number}: {fault}")
    print(f"rule table: {len(rows)} rows, {pending} of stages not there yet, {len(faults)} faults", file=sys.stderr)
    return 1 if faults or not rules else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
