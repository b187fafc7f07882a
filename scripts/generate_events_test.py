"""Declarations that cannot be meant are refused by file and line; run by scripts/check."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import generate_events  # noqa: E402

EVENT = "/// It happened.\nevent it.happened ItHappened by routing {\n%s\n}\n"


def generated(text):
    """What a contract of one file gives."""
    with tempfile.TemporaryDirectory() as folder:
        generate_events.CONTRACT = pathlib.Path(folder)
        (pathlib.Path(folder) / "One.contract").write_text(text, encoding="utf-8")
        return dict(generate_events.files())


class Refused(unittest.TestCase):
    def refuses(self, text, line, words):
        with self.assertRaises(generate_events.Faulty) as caught:
            generated(text)
        self.assertIn(f"One.contract{f':{line}' if line else ''}", str(caught.exception))
        self.assertIn(words, str(caught.exception))

    def test_members(self):
        for member, words in [
            ("age  personal integer", "personal"), ("names  personal [text 1...20] 0...5", "personal"),
            ("x  Nothing", "no such type"), ("x  one of hazard", "no list is called hazard"),
            ("compered by content", "no such type"), ("x  text 1..2", "no such type"), ("x", "neither a member"),
            ("x  id\n    x  id", "already"), ("x  personal text 1...2 of y", "no id beside it"), ("x  text 9...1", "nothing lies"), ("x  [text 1...2] 3...2", "nothing lies"),
        ]:
            with self.subTest(member):
                self.refuses(EVENT % ("    " + member), 4 if "\n" in member else 3, words)

    def test_declarations(self):
        self.refuses("event it.happened ItHappened by routing {\n    x  id\n}\n", 1, "needs a sentence")
        self.refuses(EVENT.replace("by routing", "by nobody") % "    x  id", 2, "expected `event")
        self.refuses("struct Part { x  id }\n", 1, "expected event, struct or enum")
        self.refuses(EVENT % "    x  id\n    /// Left over.", 5, "belongs to nothing")
        self.refuses(EVENT % "    /// Of the list.\n    words all = a, b\n    x  id", 4, "belongs to nothing")
        self.refuses("struct Part {\n    compared by content\n}\n", 2, "only an event")
        self.refuses(EVENT % "    x  id" + EVENT.replace("ItHappened", "Again") % "    x  id", 6, "declared already")
        self.refuses("struct Part {\n    x  id\n", 1, "not closed")
        self.refuses("struct Part {\n}\n", 1, "has no members")
        self.refuses("enum Part { a, b, a }\n", 1, "declared already")
        self.refuses("struct Part {\n    x  id\n}\nstruct Part {\n    x  id\n}\n", 4, "declared already")
        for attribute in ["about: outlet", "rule time: puasedAt", "moves: disbursed", "variant v: y one of a, b"]:
            self.refuses(EVENT % f"    {attribute}\n    x  id", 2, "has no member")
        self.refuses(EVENT % "    moves: dispursed\n    requestId  id\n    amountFen  fen 1...", 2, "expected disbursed")

    def test_what_is_meant(self):
        swift = generated(
            EVENT % "    words all = a, b-c\n    enum Kind { in, of-it, nobody = none }\n\n    kind?  Kind\n    "
            "class  one of all\n    note?  personal text 0...9\n    callId  id\n    phone  personal text 1...9 of callId"
        )["One.swift"]
        for line in [
            "        case `in`\n", '        case ofIt = "of-it"\n', '        case nobody = "none"\n',
            "    package var `class`: String\n", '.required("class", .oneOf(all)),\n',
            '.optional("note", .text(min: 0, max: 9), personal: true),\n', "note = note.replaced(replacement)\n",
            '.required("phone", .text(min: 1, max: 9), personal: true, ofMatter: true),\n',
        ]:
            self.assertIn(line, swift)

    def test_the_example_of_the_documentation(self):
        text = (pathlib.Path(__file__).resolve().parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
        example = text.split("## The language of the contract")[1].split("```")[1].lstrip("\n")
        self.assertIn("package struct VisitPlanned: ComparedByContent {", generated(example)["One.swift"])


if __name__ == "__main__":
    unittest.main()
