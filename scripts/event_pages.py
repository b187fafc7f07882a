#!/usr/bin/env python3
"""Writes a page about each event that upstream may publish, and an index of them.

    scripts/event_pages.py            writes docs/events
    scripts/event_pages.py --check    1 if a page there is not what the contract says

The pages follow from what is published and held fresh already: schemas/NAME.json and its examples; from the declarations
(Sources/Schema/Contract), the stages' lists of what they take, and the table of who may do what (docs/AUTHORITY.md).
"""

import json
import re
import sys
from pathlib import Path

import generate_events

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "schemas"
PAGES = ROOT / "docs" / "events"
HEAD = "<!-- Written by scripts/event_pages.py; change what it reads, not this file. -->\n\n"
LARGEST = 2**53
# Definitions that schemas refer to, and that the index explains.
NAMED = {"id", "time", "date", "week", "quarter"}
WORDS = f"""## The words of the tables

| type | is |
|---|---|
| id | 1 to 64 of letters, digits, `_` `:` `-`; the first a letter or digit |
| time | RFC 3339 with an offset, `2026-11-21T10:00:00+08:00` |
| date, week, quarter | `2026-11-21`, `2026-W47`, `2026-Q4` |
| text | a string without U+0000; the bounds count characters (Unicode code points) |
| integer | a whole number; at most 2^53 where no bound is said |
| personal | kept sealed, and erased with its person: put personal data nowhere else |

A member that is not required may be absent or `null`, which is the same. Members that no table lists are ignored; `recourse
validate` warns of those that look like slips.
"""


def inbound():
    """The declarations of upstream's events, by name."""
    declared = [one for path in sorted(generate_events.CONTRACT.glob("*.contract")) for one in generate_events.read(path)]
    return {one.type: one for one in declared if one.kind == "event" and one.origin == "from upstream"}


def takers(events):
    """Which stages take each event from the inbox, in the order of the pipeline."""
    by_type = {event.name: name for name, event in events.items()}
    found = {name: [] for name in events}
    for stage in generate_events.STAGES:
        text = (ROOT / "Sources" / "Stages" / stage.capitalize() / f"{stage.capitalize()}Stage.swift").read_text("utf-8")
        listed = re.search(r"takesFromInbox[^=]*=\s*\[(.*?)\]", text, re.S)
        if not listed:
            sys.exit(f"{stage}: takesFromInbox is not found")
        for name in re.findall(r"(\w+)\.type", listed[1]):
            found[by_type[name]].append(stage)
    # Every stage erases, and the parking worker too (Subscription, Topology.pipeline).
    found["customer.erasure-requested"] = list(generate_events.STAGES)
    return found


def authority():
    """The tiers and the place of each act that R48 knows."""
    rows = re.findall(r"^\| `([a-z.-]+)` \| (.+?) \| (.+?) \|$", (ROOT / "docs/AUTHORITY.md").read_text("utf-8"), re.M)
    return {name: (tiers, place) for name, tiers, place in rows}


def plain(schema, definitions):
    """A schema without the `null` that every optional member may be, and the name of the definition it refers to."""
    alternatives = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(alternatives) == 1:
        schema = {**schema, **alternatives[0]}
    if name := schema.get("$ref", "").rpartition("/")[2]:
        return {**definitions[name], **{key: value for key, value in schema.items() if key == "description"}}, name
    kind = schema.get("type")
    if isinstance(kind, list):
        schema = {**schema, "type": next(one for one in kind if one != "null")}
    return schema, None


def bounds(least, most, unit=""):
    """`1 to 200 characters`."""
    if most is None or most >= LARGEST:
        return f"at least {least}{unit}"
    return f"{least}{unit}" if least == most else f"{least} to {most}{unit}"


def kind(schema, name):
    """What a value must be, in the words of the index."""
    if name in NAMED:
        return name
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"] if word is not None)
    if "oneOf" in schema:
        return "number or digits"
    if schema["type"] == "string":
        pattern = schema.get("pattern", "")
        for start, word in (("^[0-9]{4}-W", "week"), ("^[0-9]{4}-Q", "quarter")):
            if pattern.startswith(start):
                return word
        if "minLength" not in schema:
            sys.exit(f"no words for the schema {schema}")
        personal = ", personal" if schema.get("x-personal") else ""
        return f"text, {bounds(schema['minLength'], schema['maxLength'])}{personal}"
    if schema["type"] == "integer":
        least, most = schema["minimum"], schema["maximum"]
        return "integer" if least <= -LARGEST else f"integer, {bounds(least, most)}"
    return {"boolean": "`true` or `false`", "object": "object"}[schema["type"]]


def rows(schema, definitions, path=""):
    """A row for each member, and behind it those of what it contains."""
    for name, member in schema["properties"].items():
        required = name in schema.get("required", [])
        value, reference = plain(member, definitions)
        place, count = path + name, ""
        if value.get("type") == "array":
            count = f"list of {bounds(value['minItems'], value['maxItems'])}: "
            says = member.get("description") or value.get("description", "")
            value, reference = plain(value["items"], definitions)
            value = {**value, "description": says}
            place += "[]"
        says = member.get("description") or value.get("description", "")
        if not says:
            sys.exit(f"{place}: the schema does not say what it means")
        yield f"| `{place}` | {count}{kind(value, reference)} | {'yes' if required else ''} | {says} |"
        if "properties" in value:
            yield from rows(value, definitions, place + ".")


def table(schema, definitions):
    return ["| member | is | required | meaning |", "|---|---|---|---|", *rows(schema, definitions)]


def example(path):
    return json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False, indent=2)


def page(event, stages, acts):
    """The page of one event."""
    name = event.type
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    data, _ = plain(schema["properties"]["data"], schema["$defs"])
    attributes = dict(re.split(r": ", one, maxsplit=1) if ": " in one else (one, "") for one in event.attributes)
    time = attributes.get("rule time")
    facts = [
        ("routing key", f"`{name}`, to the exchange `recourse.inbox`"),
        ("`type`", f"`{name}.v1`"),
        ("taken by", ", ".join(f"[{stage}](../stages/{stage}.md)" for stage in stages)),
        ("rules go by", f"`data.{time}`" if time else "`time` of the envelope"),
    ]
    if name in acts:
        tiers, place = acts[name]
        facts.append(("who may say so", f"{tiers}; place: {place} ([R48](../AUTHORITY.md))"))
    if "compared by content" in event.attributes:
        facts.append(("a second one under a known id in `data`", "nothing if it says the same, else `business.rejected` `id-taken`"))
    facts.append(("schema, examples", f"[schema](../../schemas/{name}.json), [full](../../schemas/examples/{name}.json), "
                  f"[least](../../schemas/examples/{name}.minimal.json)"))
    lines = [f"# {name}", "", schema["description"], "", "| | |", "|---|---|"]
    lines += [f"| {what} | {value} |" for what, value in facts]
    lines += ["", "## Members of `data`", "", *table(data, schema["$defs"]), ""]
    lines += ["The envelope around them, and the words of this table: [index](README.md).", "", "## Examples", ""]
    lines += ["With every member:", "", "```json", example(SCHEMAS / "examples" / f"{name}.json"), "```", ""]
    lines += ["With the least:", "", "```json", example(SCHEMAS / "examples" / f"{name}.minimal.json"), "```"]
    return HEAD + "\n".join(lines) + "\n"


def index(events, taken):
    schema = json.loads((SCHEMAS / "complaint.received.json").read_text("utf-8"))
    envelope = {**schema, "properties": {
        name: member for name, member in schema["properties"].items() if name not in ("data", "type")}}
    lines = ["# Events that upstream publishes", "",
             "Each is a CloudEvents 1.0 document, published to the exchange `recourse.inbox` under its name as routing key: "
             "[how](../PUBLISHING.md).", ""]
    for stage in generate_events.STAGES:
        mine = [name for name in sorted(events) if taken[name][0] == stage]
        if not mine:
            continue
        lines += [f"## Taken by {stage}", "", "| event | says |", "|---|---|"]
        for name in mine:
            others = [one for one in taken[name] if one != stage]
            also = "" if not others else f" Also taken by {', '.join(others)}."
            says = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))["description"]
            lines.append(f"| [{name}]({name}.md) | {says}{also} |")
        lines.append("")
    lines += ["## The envelope", "", *table(envelope, schema["$defs"])]
    lines += ["| `datacontenttype` | `application/json` |  | What `data` is; nothing else is read. |",
              "| `type` | the event's name and `.v1` | yes | What has happened, and the version of its form. |",
              "| `data` | object | yes | What the page of the event lists. |", ""]
    return HEAD + "\n".join(lines) + "\n" + WORDS


def pages():
    """Every page by its name."""
    events, acts = inbound(), authority()
    taken = takers(events)
    if idle := [name for name, stages in taken.items() if not stages]:
        sys.exit(f"no stage takes {', '.join(idle)}")
    made = {f"{name}.md": page(event, taken[name], acts) for name, event in sorted(events.items())}
    return {**made, "README.md": index(events, taken)}


def main(arguments):
    made = pages()
    present = {path.name for path in PAGES.glob("*.md")}
    if arguments == ["--check"]:
        stale = [name for name, text in made.items()
                 if name not in present or (PAGES / name).read_text("utf-8") != text]
        stale += sorted(present - made.keys())
        for name in stale:
            print(f"docs/events/{name} is not what the contract says: run scripts/event_pages.py")
        return 1 if stale else 0
    if arguments:
        print(__doc__.strip(), file=sys.stderr)
        return 64
    PAGES.mkdir(exist_ok=True)
    for name in present - made.keys():
        (PAGES / name).unlink()
    for name, text in made.items():
        (PAGES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
