#!/usr/bin/env python3
"""Writes the Swift of the contract's events from its declarations.

    scripts/generate_events.py            writes Sources/Schema/Events/Generated
    scripts/generate_events.py --check    1 if a file there is not what the declarations say

Every event is declared once, in Sources/Schema/Contract/*.contract; CONTRIBUTING.md has the language. Of it follow the type
that stages use, its shape (which checks documents, and is published as JSON Schema), and the catalogue's entry.
"""

import re
import sys
import textwrap
from pathlib import Path

SCHEMA = Path(__file__).resolve().parent.parent / "Sources" / "Schema"
CONTRACT = SCHEMA / "Contract"
GENERATED = SCHEMA / "Events" / "Generated"
WIDTH = 120

# The Swift type and the shape of what has no bounds.
PLAIN = {
    "id": ("String", ".id"),
    "boolean": ("Bool", ".boolean"),
    "time": ("Instant", ".time"),
    "date": ("CivilDate", ".date"),
    "week": ("String", ".week"),
    "quarter": ("String", ".quarter"),
    "object": ("JSON", ".anyObject"),
    "integer": ("Int", ".anyInteger"),
    "fen": ("Int64", ".anyInteger"),
}
KEYWORDS = set(
    "as associatedtype break case catch class continue default defer deinit do else enum extension fallthrough false "
    "fileprivate for func guard if import in init inout internal is let nil operator precedencegroup private protocol public "
    "repeat rethrows return self static struct subscript super switch throw throws true try typealias var where while".split()
)
# The property that a line of an event declares, and its type.
ATTRIBUTES = {"rule time": ("ruleTime", "Instant?"), "about": ("correlation", "String?")}


STAGES = ("intake", "routing", "handling", "callback", "penalty", "reports")
ATTRIBUTE = re.compile(
    r"compared by content|(?:rule time|about|moves): .+|variant \w+: \w+ one of .+|words \w+ = .+"
)


class Declaration:
    """A `struct`, `enum` or `event`."""

    def __init__(self, kind, name, doc, place="", outer=None):
        self.kind, self.name, self.doc, self.place, self.outer = kind, name, doc, place, outer
        self.type = self.origin = None
        self.attributes, self.nested, self.members, self.cases = [], [], [], []


    def depth(self):
        """Inside of how many declarations it stands."""
        return 0 if self.outer.kind == "file" else 1 + self.outer.depth()

    def lists(self):
        """The names of the lists that may be named inside."""
        own = {attribute.split(" ")[1] for attribute in self.attributes if attribute.startswith("words ")}
        return own | (self.outer.lists() if self.outer else set())


class Faulty(Exception):
    """A declaration that cannot be read; names the line."""


def read(path):
    """The declarations of one file."""
    top = Declaration("file", path.stem, [])
    open_ones, doc = [top], []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        text, place, inner = line.strip(), f"{path.name}:{number}", open_ones[-1]
        if text.startswith("///"):
            doc.append(text)
            continue
        if doc and (not text or text == "}" or ATTRIBUTE.fullmatch(text)):
            raise Faulty(f"{place}: the comment above belongs to nothing")
        if not text:
            continue
        if text == "}":
            if open_ones.pop() is top:
                raise Faulty(f"{place}: a bracket too many")
        elif match := re.fullmatch(r"enum (\w+) \{( .+ )\}", text):
            declared = Declaration("enum", match[1], doc, place, inner)
            declared.cases = [(case, []) for case in words(match[2])]
            inner.nested.append(declared)
        elif text == "common from upstream {":
            open_ones.append(Declaration("common", "", doc, place, inner))
            inner.nested.append(open_ones[-1])
        elif inner.kind == "common":
            if not doc or not re.fullmatch(r"\w+", text):
                raise Faulty(f"{place}: expected the name of a member, and above it what it means")
            inner.cases.append((text, doc))
        elif match := re.fullmatch(r"(event|struct|enum) ([^{}]+?) \{", text):
            open_ones.append(opened(match[1], match[2], doc, place, inner))
            inner.nested.append(open_ones[-1])
        elif inner.kind == "enum":
            cases = words(text.rstrip(","))
            inner.cases += [(cases[0], doc)] + [(case, []) for case in cases[1:]]
        elif inner is top:
            raise Faulty(f"{place}: expected event, struct or enum, and its {{ at the end of the line")
        elif ATTRIBUTE.fullmatch(text):
            if inner.kind != "event":
                raise Faulty(f"{place}: only an event may say that")
            inner.attributes.append(text)
        elif match := re.fullmatch(r"(\w+)(\??)\s+(personal )?([\[a-zA-Z].*)", text):
            if any(member.name == match[1] for member in inner.members):
                raise Faulty(f"{place}: {match[1]} is there already")
            inner.members.append(Member(match, doc, inner, place))
        else:
            raise Faulty(f"{place}: neither a member nor anything else that is known; a comment begins with ///")
        doc = []
    if len(open_ones) > 1:
        raise Faulty(f"{open_ones[-1].place}: {open_ones[-1].name} is not closed")
    if doc:
        raise Faulty(f"{path.name}: the comment at the end belongs to nothing")
    return top.nested


def opened(kind, rest, doc, place, outer):
    """The declaration that a line opens."""
    if kind != "event":
        if not re.fullmatch(r"[A-Z]\w*", rest):
            raise Faulty(f"{place}: a name begins with a capital letter")
        return Declaration(kind, rest, doc, place, outer)
    match = re.fullmatch(r"([a-z.-]+) ([A-Z]\w*) (from upstream|by any stage|by ([a-z]+(?:, [a-z]+)*(?: and [a-z]+)?))", rest)
    if not match or not all(stage in STAGES for stage in stages(match[4])):
        raise Faulty(
            f"{place}: expected `event name.of-it Type from upstream`, `… by any stage`, `… by STAGE` or `… by STAGE and STAGE`"
        )
    if not doc:
        raise Faulty(f"{place}: an event needs a sentence above it")
    declared = Declaration("event", match[2], doc, place, outer)
    declared.type, declared.origin = match[1], match[3]
    return declared


def stages(text):
    """The names of stages that commas and `and` separate."""
    return re.split(r", | and ", text) if text else []


def words(text):
    """What commas separate."""
    return [word.strip() for word in text.split(",") if word.strip()]


class Member:
    """One member: its name, type and what else its line says."""

    def __init__(self, match, doc, owner, place):
        self.name, self.doc, self.owner, self.place = match[1], doc, owner, place
        self.optional, self.personal, self.type = bool(match[2]), bool(match[3]), match[4].strip()
        self.matter = None
        self.says = sentence(doc)
        if self.personal and (of := re.fullmatch(r"(text .+) of (\w+)", self.type)):
            self.type, self.matter = of[1], of[2]

    def resolve(self, enums, others):
        """Finds the Swift type and the shape, by the names of all enums and of all else that is declared."""
        try:
            self.swift, self.shape = typed(self.type, self.owner, enums, others)
        except ValueError as error:
            raise Faulty(f"{self.place}: {error}") from None
        if self.matter and not any(one.name == self.matter and one.type == "id" for one in self.owner.members):
            raise Faulty(f"{self.place}: no id beside it is called {self.matter}")
        if self.personal and self.swift != "String" and self.swift.strip("[]").split(".")[-1] not in others:
            raise Faulty(f"{self.place}: only a text, or what is made of members, can be personal")

    @property
    def quoted(self):
        """As Swift spells it where it would be a keyword."""
        return escaped(self.name)

    @property
    def declared(self):
        """Its type as a property."""
        return self.swift + ("?" if self.optional else "")

    def field(self, depth):
        """Its lines in the shape, inside of `depth` declarations."""
        kind = "optional" if self.optional else "required"
        personal = ", personal: true" if self.personal else ""
        head = f'"{self.name}", {self.shape}{personal}{", ofMatter: true" if self.matter else ""}'
        if not self.says:
            return [f".{kind}({head})"]
        says = self.says.replace("\\", "\\\\").replace('"', '\\"')
        if 4 * depth + 16 + len(head) + len(says) + 10 <= WIDTH - 12:
            return [f'.{kind}({head}, says: "{says}")']
        if 4 * depth + 16 + len(says) + 10 <= WIDTH:
            return [f".{kind}(", f"    {head},", f'    says: "{says}")']
        lines = textwrap.wrap(says, WIDTH - 4 * depth - 20, break_on_hyphens=False, break_long_words=False)
        return [f".{kind}(", f"    {head},", '    says: """'] + [f"        {line} \\" for line in lines[:-1]] + [
            f"        {lines[-1]}", '        """)'
        ]


def sentence(doc):
    """What of a comment is published: the first paragraph."""
    first = doc[: doc.index("///")] if "///" in doc else doc
    return " ".join(line[4:] for line in first)


def typed(text, owner, enums, others):
    """Swift type and shape of a type as it is declared."""
    if text in PLAIN:
        return PLAIN[text]
    if (bounds := re.search(r"(-?\d+)\.\.\.(\d+)$", text)) and int(bounds[1]) > int(bounds[2]):
        raise ValueError(f"nothing lies from {bounds[1]} to {bounds[2]}")
    if match := re.fullmatch(r"one of (.+)", text):
        return "String", f".oneOf({alternatives(match[1], owner)})"
    if match := re.fullmatch(r"text (\d+)\.\.\.([\w.]+)", text):
        return "String", f".text(min: {match[1]}, max: {grouped(match[2])})"
    if match := re.fullmatch(r"fen ([01])\.\.\.", text):
        return "Int64", ".fen" if match[1] == "0" else ".positiveFen"
    if match := re.fullmatch(r"integer (-?\d+)\.\.\.(\d*)", text):
        return "Int", f".integer(min: {match[1]}, max: {grouped(match[2]) or 'Shape.integerLimit'})"
    if match := re.fullmatch(r"\[(.+)\] (\d+)\.\.\.(\w+)", text):
        swift, shape = typed(match[1], owner, enums, others)
        return f"[{swift}]", f".array({shape}, min: {match[2]}, max: {grouped(match[3])})"
    match = re.fullmatch(r"([A-Z][\w.]*)( \w+)?", text)
    if match and (name := match[1].split(".")[-1]) in enums | others:
        if match[2]:
            return match[1], f"{match[1]}.{match[2].strip()}Shape"
        return match[1], f".names({match[1]}.self)" if name in enums else f"{match[1]}.shape"
    raise ValueError(f"no such type: {text}; CONTRIBUTING.md lists them, with their bounds")


def alternatives(text, owner):
    """The words that may stand, as Swift: some may be the name of a list."""
    named = [word for word in words(text) if word in owner.lists() or "." in word]
    others = [word for word in words(text) if word not in named]
    if len(words(text)) == 1 and not named:
        raise ValueError(f"no list is called {text}")
    return " + ".join(named + ([array(others)] if others else []))


def escaped(name):
    """As Swift spells it."""
    return f"`{name}`" if name in KEYWORDS else name


def array(items):
    return "[" + ", ".join(f'"{item}"' for item in items) + "]"


def grouped(digits):
    """As Swift is written: 20_000."""
    return f"{int(digits):_}" if digits.isdigit() and int(digits) >= 10_000 else digits


def camel(word):
    first, *rest = word.split("-")
    return first + "".join(part.capitalize() for part in rest)


def swift(declared, holders, depth=0):
    """The lines of a declaration."""
    pad = "    " * depth
    doc = list(declared.doc)
    if declared.kind == "event":
        doc[0] = f"/// `{declared.type}`: {doc[0][4:]}"
        doc = wrapped(doc)
    lines = [pad + line for line in doc]
    if declared.kind == "enum":
        return lines + enumeration(declared, pad)
    content = "compared by content" in declared.attributes
    conforms = ("ComparedByContent" if content else "EventData") if declared.type else "ContractPart"
    lines.append(f"{pad}package struct {declared.name}: {conforms} {{")
    body = []
    if declared.type:
        body += [f'package static let type = EventType("{declared.type}")', ""]
    for attribute in declared.attributes:
        if match := re.fullmatch(r"words (\w+) = (.+)", attribute):
            body += [f"package static let {match[1]} = {array(words(match[2]))}"]
    body += [""] if body and body[-1] else []
    for nested in declared.nested:
        body += swift(nested, holders) + [""]
    for member in declared.members:
        body += member.doc + [f"package var {member.quoted}: {member.declared}"]
    body += [""] + initializer(declared.members) + properties(declared) + shape(declared) + reading(declared) + writing(declared)
    body += replacing(declared, holders)
    lines += [pad + "    " + line if line else "" for line in body]
    return lines + [pad + "}"]


def wrapped(doc):
    """A first line that has grown too long goes on in the next."""
    if len(doc[0]) <= WIDTH:
        return doc
    cut = doc[0].rfind(" ", 0, WIDTH)
    rest = doc[0][cut + 1 :]
    if len(doc) > 1 and doc[1] != "///":
        return [doc[0][:cut]] + wrapped([f"/// {rest} {doc[1][4:]}"] + doc[2:])
    return [doc[0][:cut], "/// " + rest] + doc[1:]


def enumeration(declared, pad):
    lines = [f"{pad}package enum {declared.name}: String, ContractPart, CaseIterable {{"]
    plain = [case for case, doc in declared.cases if not doc and camel(case) == case == escaped(case) and "=" not in case]
    if len(plain) == len(declared.cases) and len(one := f"{pad}    case {', '.join(plain)}") <= WIDTH:
        return lines + [one, pad + "}"]
    for case, doc in declared.cases:
        name, _, wire = case.partition(" = ")
        wire = wire or name
        lines += [pad + "    " + line for line in doc]
        lines.append(f"{pad}    case {escaped(camel(name))}" + (f' = "{wire}"' if camel(name) != wire else ""))
    return lines + [pad + "}"]


def initializer(members):
    parameters = [f"{member.name}: {member.declared}{' = nil' if member.optional else ''}" for member in members]
    lines = ["package init("] + filled(parameters) + [") {"]
    return lines + [f"    self.{member.name} = {member.quoted}" for member in members] + ["}", ""]


def filled(items):
    """Items with commas, as many in a line as fit."""
    lines, line = [], "   "
    for index, item in enumerate(items):
        item += "," if index < len(items) - 1 else ""
        if len(line) + 1 + len(item) > WIDTH - 12:
            lines.append(line)
            line = "   "
        line += " " + item
    return lines + [line]


def properties(declared):
    lines = []
    for attribute in declared.attributes:
        for word, (name, kind) in ATTRIBUTES.items():
            if attribute.startswith(word + ": "):
                expression = attribute[len(word) + 2 :].replace(" or ", " ?? ")
                lines += [f"package var {name}: {kind} {{ {expression} }}"]
        if match := re.fullmatch(r"moves: (\w+)", attribute):
            lines += [
                "package var fundMovement: FundMovement? {",
                f"    FundMovement(.{match[1]}, requestId: requestId, amountFen: amountFen)",
                "}",
            ]
    return lines + [""] if lines else []


def shape(declared):
    depth = declared.depth()
    fields = []
    for member in declared.members:
        fields += member.field(depth)
        fields[-1] += "," if len(declared.members) > 1 else ""
    opening, closing = (": [Shape.Field] = [", "]") if declared.type else (" = Shape.object([", "])")
    lines = ["package static let shape" + opening] + ["    " + field for field in fields] + [closing]
    for attribute in declared.attributes:
        if match := re.fullmatch(r"variant (\w+): (\w+) one of (.+)", attribute):
            lines += [
                "",
                f"package static let {match[1]}Shape = Shape.object(",
                f'    shape.map {{ $0.name == "{match[2]}" ? .required("{match[2]}", .oneOf({alternatives(match[3], declared)})) : $0 }})',
            ]
    return lines


def writing(declared):
    lines = ["", "package func write(to writer: inout JSONWriter) {", "    writer.begin()"]
    lines += [f'    writer.member("{member.name}", {member.quoted})' for member in declared.members]
    return lines + ["    writer.end()", "}"]


def reading(declared):
    lines = ["", "package init(reading place: Int, in tape: borrowing JSONTape) throws {"]
    lines.append("    var members = try MemberPlaces(of: place, in: tape)")
    for member in declared.members:
        kind = "optional" if member.optional else "required"
        lines.append(f'    {member.quoted} = try members.{kind}("{member.name}", in: tape)')
    return lines + ["}"]


def replacing(declared, holders):
    """Only where there are any personal texts."""
    lines = []
    for member in declared.members:
        name = member.quoted
        if member.personal and member.swift == "String":
            lines.append(f"    {name} = {name}.replaced(replacement)")
        elif member.swift.split(".")[-1] in holders:
            lines.append(f"    {name}{'?' if member.optional else ''}.replaceTexts(replacement)")
        elif member.swift.strip("[]").split(".")[-1] in holders:
            if member.optional:
                lines.append(f"    {name} = {name}.map {{ $0.map {{ $0.replacingTexts(replacement) }} }}")
            else:
                lines.append(f"    {name} = {name}.map {{ $0.replacingTexts(replacement) }}")
    if not lines:
        return []
    head = "package mutating func replaceTexts(_ replacement: (String) -> String) {"
    return ["", head] + lines + ["}"]


def holders_of_texts(everything):
    """The names of what holds personal texts, itself or in what it is made of."""
    found = set()
    while True:
        more = {
            one.name
            for one in everything
            for member in one.members
            if member.personal or member.swift.strip("[]").split(".")[-1] in found
        }
        if more == found:
            return found
        found = more


def catalogue(events):
    lines = ["extension EventCatalogue {", "    /// Every event of the contract.", "    package static let entries: [Entry] = ["]
    for event in events:
        summary = sentence(event.doc).replace("\\", "\\\\").replace('"', '\\"')
        origin = {"from upstream": ".upstream", "by any stage": ".anyStage"}.get(event.origin)
        origin = origin or f".stage({', '.join('.' + stage for stage in stages(event.origin[3:]))})"
        lines += ["        Entry(", f"            data: {event.name}.self, origin: {origin},"]
        lines += ["            summary:"] + literal(summary, "                ")
        lines[-1] += "),"
    return lines + ["    ]", "}"]


def literal(text, pad):
    """A Swift string in lines that fit."""
    room = WIDTH - len(pad) - 8
    pieces = []
    while len(text) > room:
        cut = text.rfind(" ", 0, room) + 1 or room
        pieces.append(text[:cut])
        text = text[cut:]
    pieces.append(text)
    return [pad + ("+ " if index else "") + f'"{piece}"' for index, piece in enumerate(pieces)]


def files():
    """Name and text of everything that is generated."""
    declared_in = {path: read(path) for path in sorted(CONTRACT.glob("*.contract"))}
    common = [case for declarations in declared_in.values() for one in declarations if one.kind == "common" for case in one.cases]
    unique([(name, "common from upstream") for name, _ in common])
    declared_in = {path: [one for one in declarations if one.kind != "common"] for path, declarations in declared_in.items()}
    everything = [one for declarations in declared_in.values() for outer in declarations for one in within(outer)]
    for event in everything:
        for member in event.members if event.origin == "from upstream" else []:
            member.says = member.says or sentence(dict(common).get(member.name, []))
    names = {kind: {one.name for one in everything if (one.kind == "enum") == (kind == "enum")} for kind in ("enum", "")}
    if both := names["enum"] & names[""]:
        raise Faulty(f"both an enum and something else: {', '.join(sorted(both))}")
    for one in everything:
        sound(one)
    unique([(one.name, one.place) for one in everything if one.outer.kind == "file"])
    names[""].add("Fault")
    for member in (member for one in everything for member in one.members):
        member.resolve(names["enum"], names[""])
    events = [one for one in everything if one.kind == "event"]
    for first, second in zip(by_type := sorted(events, key=lambda one: one.type), by_type[1:]):
        if first.type == second.type:
            raise Faulty(f"{second.place}: {second.type} is declared already")
    holders = holders_of_texts(everything)
    for path, declarations in declared_in.items():
        yield path.stem + ".swift", text(path.name, [swift(declared, holders) for declared in declarations])
    yield "EventCatalogue+Entries.swift", text("the contract", [catalogue(events)])


def unique(named):
    """named: names, each with the place of its line."""
    known = set()
    for name, place in named:
        if name in known:
            raise Faulty(f"{place}: {name} is declared already")
        known.add(name)


def sound(declared):
    """What a declaration says of itself must fit."""
    members = {member.name for member in declared.members}
    if declared.kind == "enum":
        unique([(case.partition(" = ")[0], declared.place) for case, _ in declared.cases])
    elif not members:
        raise Faulty(f"{declared.place}: {declared.name} has no members")
    for attribute in declared.attributes:
        word, _, value = attribute.partition(": ")
        wanted = {
            "rule time": [value], "about": value.split(" or "), "moves": ["requestId", "amountFen"],
            "variant " + attribute.partition(":")[0][8:]: [value.split(" ")[0]],
        }.get(word, [])
        for name in wanted:
            if name.split(".")[0] not in members:
                raise Faulty(f"{declared.place}: `{attribute}`: {declared.name} has no member {name}")
        if word == "moves" and value not in ("disbursed", "recovered", "writtenOff"):
            raise Faulty(f"{declared.place}: `{attribute}`: expected disbursed, recovered or writtenOff")


def within(declared):
    """It, and all that is declared inside."""
    yield declared
    for nested in declared.nested:
        yield from within(nested)


def text(source, blocks):
    head = f"// Written by scripts/generate_events.py from {source}; to change it, change that.\n"
    return head + "\n" + "\n\n".join("\n".join(block) for block in blocks) + "\n"


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if sys.argv[1:] not in ([], ["--check"]):
        print(f"scripts/generate_events.py: unknown option {sys.argv[1]}; --help lists them", file=sys.stderr)
        return 64
    try:
        wanted = dict(files())
    except Faulty as error:
        print(error, file=sys.stderr)
        return 1
    present = {path.name: path.read_text(encoding="utf-8") for path in GENERATED.glob("*.swift")}
    stale = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
    if sys.argv[1:]:
        for name in stale:
            print(f"{GENERATED.name}/{name} is not what the declarations say; run scripts/generate_events.py")
        return 1 if stale else 0
    GENERATED.mkdir(exist_ok=True)
    for name in stale:
        if name in wanted:
            (GENERATED / name).write_text(wanted[name], encoding="utf-8")
        else:
            (GENERATED / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
