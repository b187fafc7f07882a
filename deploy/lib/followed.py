"""Follows a document for people: runs the commands of its `console` blocks, and holds what they print against what stands there.

    followed.py follow DOCUMENT PORTION STATE    runs one portion
    followed.py left DOCUMENT STATE              1 if a portion was never run; names it
    followed.py report STATE                     what was run, how often and how long

A portion begins at `<!-- drill: NAME -->` and ends at the next. In a block, `$ ` begins a command (`\\` at its end: it goes
on in the next line; `# exit 1`: it must end so; `&`: it runs on meanwhile), and what follows is the output, shortened: lines
may be missing, `…` stands for the rest of a line, or for something in it. Numbers, times and ids may differ; everything else
must be there in this order. What the document calls by an id is what this run calls so: each one is learnt from the output,
and put into the commands that come after.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 900
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
HEX = r"\b(?=[a-f-]*\d)[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b"
# Of an operation, an edit or a batch; in the document each has a digit and a letter.
SHORT = r"\b(?=[a-z]*\d)(?=\d*[a-z])[2-9a-hjkmnp-z]{6}\b"
VARIABLE = re.compile(f"(?P<time>{TIME})|(?P<hex>{HEX})|(?P<short>{SHORT})|(?P<number>\\d+(?:[.,]\\d+)*)|(?P<rest>\\s*…\\s*)")
CLASSES = {"time": TIME, "hex": r"[0-9a-f][0-9a-f-]{7,}", "short": r"[2-9a-hjkmnp-z]{6}", "number": r"\d+(?:[.,]\d+)*",
           "rest": r".*"}


class Step:
    """A command and what it must print."""

    def __init__(self, command):
        self.command = command
        self.output = []

    @property
    def status(self):
        found = re.search(r"# exit (\d+)", self.command)
        return int(found[1]) if found else 0

    @property
    def is_aside(self):
        return bool(re.search(r"&\s*(#.*)?$", self.command))


def portions(path):
    """The steps of the document by portion, in its order."""
    found, name, inside, goes_on = {}, None, False, False
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if marker := re.fullmatch(r"<!-- drill: ([a-z-]+) -->", line):
            name = marker[1]
            if name in found:
                sys.exit(f"{path}: two portions are called {name}")
            found[name] = []
        elif line.startswith("```"):
            inside = not inside and line == "```console"
        elif not inside:
            continue
        elif name is None:
            sys.exit(f"{path}: a console block stands before the first portion: {line}")
        elif goes_on:
            found[name][-1].command += "\n" + line
            goes_on = line.endswith("\\")
        elif line.startswith("$ "):
            found[name].append(Step(line[2:]))
            goes_on = line.endswith("\\")
        elif line.strip() not in ("", "…"):
            found[name][-1].output.append(line.strip())
    return found


class Run:
    """What is known from one portion to the next."""

    def __init__(self, path):
        self.path = Path(path)
        self.ids, self.done, self.portions = {}, [], []
        if self.path.exists():
            self.ids, self.done, self.portions = json.loads(self.path.read_text(encoding="utf-8"))

    def keep(self):
        self.path.write_text(json.dumps([self.ids, self.done, self.portions]), encoding="utf-8")

    def here(self, text):
        """A command of the document with the ids of this run."""
        for kind in (HEX, SHORT):
            text = re.sub(kind, lambda found: self.ids.get(found[0], found[0]), text)
        return text

    def pattern(self, line):
        """What a line of the document matches, and the ids in it."""
        text, names, end = "", [], 0

        def fixed(part):
            return r"\s+".join(re.escape(word) for word in re.split(r"\s+", part))

        for found in VARIABLE.finditer(line):
            text += fixed(line[end:found.start()])
            kind, end = found.lastgroup, found.end()
            if kind in ("hex", "short"):
                if found[0] in self.ids:
                    text += re.escape(self.ids[found[0]])
                    continue
                names.append(found[0])
                text += f"({CLASSES[kind]})"
            else:
                text += f"(?:{CLASSES[kind]})"
        return re.compile(r"\s*" + text + fixed(line[end:]) + r"\s*"), names

    def missing(self, wanted, printed):
        """The first line of the document that was not printed; None: all were. Learns the ids."""
        lines, at = printed.splitlines(), 0
        for line in wanted:
            pattern, names = self.pattern(line)
            for index in range(at, len(lines)):
                if found := pattern.fullmatch(lines[index]):
                    self.ids.update(zip(names, found.groups()))
                    at = index + 1
                    break
            else:
                return line
        return None

    def follow(self, steps):
        """Runs the steps; the first fault, or None."""
        asides = []
        for step in steps:
            fault, command, began = None, self.here(step.command), time.monotonic()
            print(f"$ {command}", flush=True)
            if step.is_aside:
                fault, printed = self.begin(step, command, asides)
            else:
                ran = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
                printed = ran.stdout.decode(errors="replace")
                if ran.returncode != step.status:
                    fault = f"ended with {ran.returncode}, not {step.status}"
            print(printed, flush=True)
            line = self.missing(step.output, printed)
            if line is not None and fault is None:
                fault = f"did not print, after what stands before it: {line}"
            self.done.append([command.split("\n")[0], round(time.monotonic() - began, 2)])
            if fault:
                return f"{command}: {fault}"
        for process, step, command in asides:
            status = process.wait(timeout=SECONDS)
            if status != step.status:
                return f"{command}: ended with {status}, not {step.status}"
        return None

    def begin(self, step, command, asides):
        """Starts a command that runs on, and waits until it has printed what it must."""
        own = self.path.with_name(f"aside-{len(self.done)}.log")
        words = re.sub(r"&\s*(#.*)?$", "", command)
        with own.open("wb") as output:
            process = subprocess.Popen(["bash", "-c", words], stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT)
        asides.append((process, step, command))
        end = time.monotonic() + 120
        while self.missing(step.output, own.read_text(encoding="utf-8")) is not None:
            if time.monotonic() > end or process.poll() is not None:
                return "ended, or took 120 s, before it had printed what stands there", own.read_text(encoding="utf-8")
            time.sleep(0.2)
        return None, own.read_text(encoding="utf-8")


def follow(document, name, state):
    """One portion, once."""
    run, steps = Run(state), portions(document).get(name)
    if not steps:
        sys.exit(f"{document}: no commands in a portion {name}")
    fault = run.follow(steps)
    run.portions.append(name)
    run.keep()
    if fault:
        sys.exit(f"{document}, portion {name}: {fault}")


def left(document, state):
    """Whether the whole document was followed."""
    names = [name for name, steps in portions(document).items() if steps and name not in Run(state).portions]
    if names:
        sys.exit(f"{document}: never followed: {', '.join(names)}")


def verb(command):
    """`recourse dead-letters replay`, of a whole command."""
    words = []
    for word in command.split():
        if re.fullmatch(r"[A-Z_]+=\S*", word):
            continue
        if not re.fullmatch(r"[a-z][a-z-]*", word) or len(words) == 3:
            break
        words.append(word)
    return " ".join(words)


def report(state):
    """How often each verb was needed, and its longest time."""
    done, verbs = Run(state).done, {}
    for command, seconds in done:
        verbs.setdefault(verb(command), []).append(seconds)
    for name, times in verbs.items():
        print(f"  {name:<34}{len(times):>4} times, at most {max(times):>7.2f} s")
    print(f"  {'all':<34}{len(done):>4} commands")


COMMANDS = {one.__name__: one for one in (follow, left, report)}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
