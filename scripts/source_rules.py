#!/usr/bin/env python3
"""Rules of the sources that neither compiler nor formatter knows: source_rules.py ROOT

Prints every fault as file:line: fault, and exits 1 if there is one.
- each target imports only what scripts/allowed-imports names for it;
- files have at most 400 lines (tests 500; what is generated as many as it takes), functions at most 70;
- nothing that input can turn into a crash, no unfinished work, no waiting by the clock in tests;
- access is `package`, not `public`; `@unchecked Sendable` states its reason in a comment above or beside it.
"""

import pathlib
import re
import sys

FILE_LINES = {"Sources": 400, "Tests": 500}
FUNCTION_LINES = 70

# (where, pattern, what to do)
PATTERNS = [
    ("Sources", r"\btry!", "`try!`: handle the error or let it through"),
    ("Sources", r"\bas! ", "`as!`: use `as?` and say what happens otherwise"),
    ("Sources", r"\bfatalError\(", "`fatalError`: throw, or use `precondition` for an error of the programmer"),
    ("Sources", r"\bcatch\s*\{\s*\}", "empty catch: handle the error, or say in words why nothing is to be done"),
    ("Sources", r"^\s*(@\w+\s+)*(public|open)\s+[a-z]", "`public`: other targets need `package`"),
    ("", r"\b(TODO|FIXME|XXX)\b", "unfinished work: do it, or leave it out"),
    ("Tests", r"\b(Thread\.sleep|Task\.sleep|usleep|sleep)\(", "a test waits for a signal, not for time"),
]
IMPORT = re.compile(
    r"^\s*(?:@[\w()]+\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?(\w+)"
)
FUNCTION = re.compile(r"^(\s*)(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+(?:\(\w+\))?\s+)*(?:func\s|init[?(<])")


def allowed_imports(root):
    allowed = {}
    for line in (root / "scripts" / "allowed-imports").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            target, _, modules = line.partition(":")
            allowed[target.strip()] = set(modules.split())
    return allowed


def code(line):
    """A line without its comment; a `//` inside a text is taken for one, which can only hide, not invent, a fault."""
    return line.split("//")[0]


def import_faults(place, lines, allowed):
    target = place.parts[1]
    if target not in allowed:
        yield 1, f"target {target} is not listed in scripts/allowed-imports"
        return
    for number, line in enumerate(lines, start=1):
        found = IMPORT.match(line)
        if found and found[1] not in allowed[target]:
            yield number, f"{target} may not import {found[1]}; scripts/allowed-imports lists what it may"


def length_faults(place, lines):
    limit = FILE_LINES[place.parts[0]]
    if len(lines) > limit and "Generated" not in place.parts:
        yield limit + 1, f"{len(lines)} lines, limit {limit}: split the file by what it is about"
    for number, line in enumerate(lines):
        found = FUNCTION.match(line)
        length = body_end(lines, number, len(found[1])) - number + 1 if found else 0
        if length > FUNCTION_LINES:
            yield number + 1, f"a function of {length} lines, limit {FUNCTION_LINES}"


def body_end(lines, start, indent):
    """The line of the closing brace of a declaration; `start` where it has no body, or one on its own line.

    The formatter puts the brace under the first letter of the declaration, and before it only what continues the head.
    """
    for number in range(start + 1, len(lines)):
        text = lines[number]
        if not text.strip() or len(text) - len(text.lstrip()) > indent:
            continue
        if len(text) - len(text.lstrip()) < indent or not text.lstrip().startswith((")", "}", "->", "where ", "{")):
            return start
        if text.lstrip().startswith("}"):
            return number
    return start


def pattern_faults(place, lines):
    for where, pattern, fault in PATTERNS:
        if where in ("", place.parts[0]):
            for number, line in enumerate(lines, start=1):
                text = line if where == "" else code(line)
                if re.search(pattern, text):
                    yield number, fault
    for number, line in enumerate(lines):
        if "@unchecked Sendable" in code(line):
            around = lines[max(0, number - 4) : number + 1]
            if not any("//" in text for text in around):
                yield number + 1, "`@unchecked Sendable` without a comment that says why it is safe"


def main(root):
    allowed, faults, files = allowed_imports(root), [], 0
    for folder in FILE_LINES:
        for path in sorted((root / folder).rglob("*.swift")):
            place, lines = path.relative_to(root), path.read_text(encoding="utf-8").splitlines()
            files += 1
            found = [*length_faults(place, lines), *pattern_faults(place, lines)]
            if folder == "Sources":
                found += import_faults(place, lines, allowed)
            faults += [f"{place}:{number}: {fault}" for number, fault in sorted(found)]
    for fault in faults:
        print(fault)
    print(f"source rules: {files} files, {len(faults)} faults", file=sys.stderr)
    return 1 if faults or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
