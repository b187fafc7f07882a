"""Writes the manual page of a program from what it says of itself: manual.py PROGRAM VERSION DATE > NAME.1

Reads `PROGRAM --experimental-dump-help`: what --help shows, as JSON. So a page never tells of an option that is not there.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

# What programs without verbs and with them have alike.
ENDS = """.SH FILES
.TP
.I /etc/recourse
Configuration, policy and credentials of the workers, where the Debian package is installed.
.TP
.I /usr/share/doc/recourse
The documents: operating, deploying, publishing, the policy.
"""


def roff(text):
    """Text as roff: nothing in it is a request or an escape."""
    lines = []
    for line in text.split("\n"):
        line = line.replace("\\", "\\e").replace("-", "\\-")
        lines.append("\\&" + line if line[:1] in (".", "'") else line)
    return "\n".join(lines)


def option(argument):
    """How an argument is written: `--rate RATE`, `FILE…`."""
    value = argument.get("valueName", "value").upper()
    if argument["kind"] == "positional":
        return f"\\fI{roff(value)}\\fR" + ("…" if argument["isRepeating"] else "")
    names = ", ".join(("--" if one["kind"] == "long" else "-") + one["name"] for one in argument["names"])
    return f"\\fB{roff(names)}\\fR" + (f" \\fI{roff(value)}\\fR" if argument["kind"] == "option" else "")


# An option that so many verbs have, in the same words, is told once for all of them.
COMMON = 10


def shown(command):
    """The arguments of a command that are visible."""
    return [one for one in command.get("arguments", [])
            if one.get("shouldDisplay", True) and one.get("preferredName", {}).get("name") not in ("help", "version")]


def told(argument):
    """An argument as it is told, so that the same of two verbs are the same."""
    return argument["kind"], option(argument), argument.get("abstract", "")


def leaves(command, path):
    """Every verb that does something, with its words."""
    for verb in command.get("subcommands", []):
        if verb["commandName"] == "help" or not verb.get("shouldDisplay", True):
            continue
        own = path + [verb["commandName"]]
        deeper = list(leaves(verb, own))
        yield from deeper or [(verb, own)]


def common(command):
    """The options that most verbs have, in the order in which they come first."""
    counts = Counter(told(one) for verb, _ in leaves(command, []) for one in shown(verb) if one["kind"] == "option")
    return [one for one, count in counts.items() if count >= COMMON]


def synopsis(command, path, everywhere=()):
    words = [f"\\fB{roff(' '.join(path))}\\fR"]
    if list(leaves(command, [])):
        words.append("\\fIVERB\\fR")
    for argument in shown(command):
        if told(argument) not in everywhere:
            words.append(f"[{option(argument)}]" if argument["isOptional"] else option(argument))
    if any(told(one) in everywhere for one in shown(command)):
        words.append("[\\fICOMMON OPTIONS\\fR]")
    return " ".join(words)


def arguments(found):
    return [line for _, written, abstract in found for line in (".TP", written, roff(abstract) or "\\&")]


def paragraphs(text):
    return [roff(text)] if text else []


def verbs(command, path, everywhere):
    """A section for each verb that does something."""
    lines = []
    for verb, own in leaves(command, path):
        lines += [f".SS {roff(' '.join(own[1:]))}", *paragraphs(verb.get("abstract", "")), ".PP",
                  synopsis(verb, own, everywhere)]
        if verb.get("discussion"):
            lines += [".PP", *paragraphs(verb["discussion"])]
        lines += arguments(told(one) for one in shown(verb) if told(one) not in everywhere)
    return lines


def page(command, version, date):
    name = command["commandName"]
    abstract = command["abstract"].rstrip(".")
    lines = [f'.TH {roff(name.upper())} 1 "{roff(date)}" "Recourse {roff(version)}"', ".SH NAME",
             f"{roff(name)} \\- {roff(abstract[0].lower() + abstract[1:])}", ".SH SYNOPSIS", synopsis(command, [name]),
             ".SH DESCRIPTION", *paragraphs(command.get("discussion", ""))]
    if own := arguments(told(one) for one in shown(command)):
        lines += [".SH OPTIONS", *own]
    if everywhere := common(command):
        lines += [".SH COMMON OPTIONS", *arguments(everywhere)]
    if sections := verbs(command, [name], everywhere):
        lines += [".SH VERBS", *sections]
    return "\n".join(lines) + "\n" + ENDS


def main(program, version, date):
    said = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True, timeout=60).stdout
    command = json.loads(said)["command"]
    # As it is called, whatever the file is.
    command["commandName"] = Path(program).name
    sys.stdout.write(page(command, version, date))


if __name__ == "__main__":
    main(*sys.argv[1:])
