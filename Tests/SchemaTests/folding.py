"""Pairs of texts that are equal after NFKC and full case folding, a line for each: code points, a tab, code points.

Every assigned code point with its folding, and seeded texts of letters and marks.
"""

import random
import sys
import unicodedata


def folded(text):
    """Repeated until nothing changes (D146); decomposition first puts the iota below in its place among the marks."""
    while True:
        step = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        if step == text:
            return text
        text = step


def line(one, other):
    return " ".join(f"{ord(c):x}" for c in one) + "\t" + " ".join(f"{ord(c):x}" for c in other)


def main():
    assigned = [
        chr(code) for code in range(0x110000)
        if not 0xD800 <= code < 0xE000 and unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")
    ]
    lines = [line(c, folded(c)) for c in assigned]
    chance = random.Random(20261129)
    marks = [c for c in assigned if unicodedata.combining(c)]
    letters = [c for c in assigned if folded(c) != c]
    for _ in range(20_000):
        text = "".join(
            chance.choice(letters) + "".join(chance.sample(marks, chance.randrange(3))) for _ in range(3))
        lines.append(line(text, folded(text)))
        lines.append(line(text, unicodedata.normalize(chance.choice(["NFC", "NFD", "NFKC", "NFKD"]), text)))
    sys.stdout.write("\n".join(lines))


main()
