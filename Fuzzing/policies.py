#!/usr/bin/env python3
"""Hostile policy folders against the real program: policies.py --program RECOURSE --policy DIR --count N --seed N

Each folder is DIR with one or more of its files changed by a seeded generator. `recourse policy check` must end within
the limits of time and memory, with 0 (the change was harmless) or with 78 and every fault named with its file. The first
folders are known attacks: bombs of aliases, deep nesting, large files. Prints one line per fault with the seed that gives
the same folder again, and the figures as the last line; exit code 1 if there is a fault.
"""

import argparse
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

SECONDS = 20  # of processor time, which does not depend on what else the machine does
HANGS_SECONDS = 60  # of time
BYTES = 2 << 30
FILES = ["policy.yaml", "organisation.yaml", "calendar.csv"]
TOKENS = [
    b"&a ", b"*a", b"<<: *a", b"? ", b": ", b"- ", b"!!binary ", b"!!python/object ", b"|\n", b">\n", b"{", b"}", b"[", b"]",
    b"'", b'"', b"#", b"%YAML 9.9\n", b"---\n", b"...\n", b"\t", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\r",
    b"~", b"null", b"off", b"0x7fffffffffffffff", b"9223372036854775808", b"-9223372036854775808", b"1e999", b".inf",
    b"0002-01-01", b"9999-12-31", b"2026-02-30", b"holiday_weekday", b",", b",,,", b"a" * 5000, b"\xed\xa0\x80", b"\x1b[2J",
]


def bomb(levels):
    lines = [b"a0: &a0 [x, x]"] + [b"a%d: &a%d [*a%d, *a%d, *a%d]" % ((n, n) + (n - 1,) * 3) for n in range(1, levels)]
    return b"\n".join(lines)


def attacks(original):
    """(name, file, bytes): what has brought down readers of YAML before."""
    last = b"a39"
    yield "bomb of aliases", "policy.yaml", bomb(40)
    yield "bomb of aliases as a key", "policy.yaml", bomb(40) + b"\n? *" + last + b"\n: 1\n"
    yield "bomb of aliases as two keys", "policy.yaml", bomb(40) + b"\n? *" + last + b"\n: 1\n? *" + last + b"\n: 2\n"
    yield "bomb of aliases as a value", "organisation.yaml", bomb(40) + b"\nstores: *" + last + b"\n"
    yield "alias of itself", "policy.yaml", b"a: &a [*a]\n"
    yield "merged bomb", "policy.yaml", b"a: &a {b: 1}\n" + b"c: {<<: *a}\n" * 200
    for count in (1000, 100_000):
        yield f"{count} brackets", "policy.yaml", b"a: " + b"[" * count
        yield f"{count} closed brackets", "policy.yaml", b"a: " + b"[" * count + b"]" * count
        yield f"{count} braces", "organisation.yaml", b"{a: " * count
        yield f"{count} levels of dashes", "policy.yaml", b"- " * count + b"a"
        yield f"{count} questions", "policy.yaml", b"? " * count + b"a"
    yield "levels of indentation", "policy.yaml", b"".join(b" " * n + b"a:\n" for n in range(3000))
    yield "the same key 100000 times", "policy.yaml", b"rules: {}\n" * 100_000
    yield "100000 keys", "policy.yaml", b"".join(b"k%d: 1\n" % n for n in range(100_000))
    yield "100000 stores", "organisation.yaml", b"stores:\n" + b"".join(b"  - {id: s-%d, region: r}\n" % n for n in range(100_000))
    yield "100000 rows", "calendar.csv", b"date,kind\n" + b"2026-01-01,holiday_weekday\n" * 100_000
    yield "100000 wrong rows", "calendar.csv", b"date,kind\n" + b"x,y\n" * 100_000
    for name in FILES:
        yield f"64 MiB {name}", name, original[name] + b"#" * (64 << 20)
        yield f"64 MiB of lines {name}", name, original[name] + b"#\n" * (32 << 20)
        yield f"nothing {name}", name, b""
        yield f"random {name}", name, random.Random(7).randbytes(5000)
        yield f"UTF-16 {name}", name, original[name].decode().encode("utf-16")
        yield f"Latin-1 {name}", name, original[name] + "ä".encode("latin-1")


def mutate(chance, text):
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        place = chance.randrange(len(text) + 1)
        lines = text.split(b"\n")
        line = chance.randrange(len(lines))
        kind = chance.randrange(10)
        if kind < 3:
            text = text[:place] + chance.choice(TOKENS) + text[place:]
            continue
        if kind == 3:
            text = text[:place] + bytes([chance.randrange(256)]) + text[place + 1 :]
            continue
        if kind == 4:
            text = text[:place]
            continue
        if kind == 5:
            lines[line : line + 1] = [lines[line]] * chance.choice([2, 3, 200])
        elif kind == 6:
            del lines[line : line + chance.randrange(1, 5)]
        elif kind == 7:
            lines[line] = b" " * chance.randrange(9) + lines[line].strip()
        elif kind == 8:
            key, colon, _ = lines[line].partition(b":")
            lines[line] = key + colon + b" " + chance.choice(TOKENS)
        else:
            other = chance.randrange(len(lines))
            lines[line], lines[other] = lines[other], lines[line]
        text = b"\n".join(lines)
    return text


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def check(program, folder):
    """What is wrong with how the program ended; None: nothing."""
    began = processor_seconds()
    try:
        run = subprocess.run(
            [program, "policy", "check", folder], capture_output=True, timeout=HANGS_SECONDS, preexec_fn=limit, check=False)
    except subprocess.TimeoutExpired:
        return f"hung for {HANGS_SECONDS} s", processor_seconds() - began, None
    seconds = processor_seconds() - began
    if run.returncode == -signal.SIGXCPU:
        return f"took more than {SECONDS} s of processor time", seconds, run.returncode
    told = (run.stdout + run.stderr).decode(errors="replace")
    if run.returncode == 0:
        return None, seconds, 0
    if run.returncode == 78:
        if len(told) > 1 << 20:
            return f"tells {len(told)} characters of faults", seconds, 78
        if not all(str(folder) in line for line in told.splitlines() if line.startswith("configuration: ")):
            return "names a fault without its file: " + told[:300], seconds, 78
        return (None if told.strip() else "says nothing"), seconds, 78
    return f"ended with {run.returncode}: {told[-300:]}", seconds, run.returncode


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--program", required=True)
    options.add_argument("--policy", required=True, type=pathlib.Path)
    options.add_argument("--count", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1)
    options = options.parse_args()
    original = {name: (options.policy / name).read_bytes() for name in FILES}
    cases = [(name, {file: text}) for name, file, text in attacks(original)]
    for number in range(max(0, options.count - len(cases))):
        seed = f"{options.seed}/{number}"
        chance = random.Random(seed)
        names = chance.sample(FILES, chance.choice([1, 1, 1, 2]))
        cases.append((f"seed {seed}", {name: mutate(chance, original[name]) for name in names}))
    ends, faults, slowest = {}, 0, (0.0, "")
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place) / "policy"
        shutil.copytree(options.policy, folder)
        for name, files in cases:
            for file in FILES:
                (folder / file).write_bytes(files.get(file, original[file]))
            fault, seconds, code = check(options.program, folder)
            ends[code] = ends.get(code, 0) + 1
            slowest = max(slowest, (seconds, name))
            if fault:
                faults += 1
                print(f"WRONG: {name} ({', '.join(files)}): {fault}", flush=True)
    told = ", ".join(f"exit {code}: {count}" for code, count in sorted(ends.items(), key=str))
    print(f"{len(cases)} policy folders, {told}; slowest {slowest[0]:.1f} s of processor time ({slowest[1]}); {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
