#!/usr/bin/env python3
"""Makes the table by which brands and categories are compared from the Unicode data that Python brings.

  scripts/folding_table.py           writes Sources/Schema/Text/FoldingTable.swift
  scripts/folding_table.py --check   compares; exit 1 if the file is not what this script makes

For every code point whose text changes under compatibility decomposition and full case folding, repeated until nothing
changes, the table tells what becomes of it. Two texts are equal after NFKC and folding exactly when they are equal after
NFKD and folding, so nothing has to be composed again. Left out are the syllables of Hangul, which arithmetic takes apart,
and U+0345, the one mark whose folding is a letter: it has to be in its place among the other marks before it is folded.

What is assigned never changes its normalization, so a Python of a newer Unicode version may only know more.
"""

import argparse
import pathlib
import re
import sys
import unicodedata

FILE = pathlib.Path(__file__).resolve().parent.parent / "Sources/Schema/Text/FoldingTable.swift"
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
YPOGEGRAMMENI = "\u0345"
HANGUL = range(0xAC00, 0xD7A4)
SURROGATES = range(0xD800, 0xE000)
WIDTH = 106


def folded(text: str) -> str:
    while True:
        decomposed = unicodedata.normalize("NFKD", text)
        next_text = unicodedata.normalize(
            "NFKD", "".join(c if c == YPOGEGRAMMENI else c.casefold() for c in decomposed))
        if next_text == text:
            return text
        text = next_text


def entries() -> list[tuple[int, str]]:
    found = []
    for code in range(0x110000):
        if code in HANGUL or code in SURROGATES:
            continue
        target = folded(chr(code))
        if target != chr(code):
            found.append((code, target))
    return found


def digits(number: int) -> str:
    """Five bits in each character, the lowest first; the sixth says that more follow."""
    text = ""
    while True:
        number, low = number >> 5, number & 31
        text += DIGITS[low | (32 if number else 0)]
        if not number:
            return text


def zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def encoded(table: list[tuple[int, str]]) -> str:
    """Of each entry the distance to the one before, how many code points it becomes, and these as differences."""
    text, last_code, last_first = "", 0, 0
    for code, target in table:
        text += digits(code - last_code) + digits(len(target))
        before = last_first + 1
        for index, character in enumerate(target):
            text += digits(zigzag(ord(character) - before))
            before = ord(character)
            if index == 0:
                last_first = ord(character)
        last_code = code
    return text


def decoded(text: str) -> list[tuple[int, str]]:
    numbers, value, shift = [], 0, 0
    for character in text:
        digit = DIGITS.index(character)
        value |= (digit & 31) << shift
        shift += 5
        if digit < 32:
            numbers.append(value)
            value = shift = 0
    table, position, code, first = [], 0, 0, 0
    while position < len(numbers):
        code += numbers[position]
        count = numbers[position + 1]
        before, target = first + 1, ""
        for index in range(count):
            number = numbers[position + 2 + index]
            before += number >> 1 if number & 1 == 0 else -((number + 1) >> 1)
            target += chr(before)
            if index == 0:
                first = before
        table.append((code, target))
        position += 2 + count
    return table


def source(table: list[tuple[int, str]]) -> str:
    text = encoded(table)
    lines = [text[start:start + WIDTH] for start in range(0, len(text), WIDTH)]
    body = "\n".join(f"        {line}\\" for line in lines).removesuffix("\\")
    return f'''/// Made by `scripts/folding_table.py`; see there what it holds and how it is written. Not to be edited.
enum FoldingTable {{
    /// The version of the Unicode data that it was made from.
    static let unicode = "{unicodedata.unidata_version}"
    /// How many code points have an entry.
    static let count = {len(table)}
    static let text = """
{body}
        """
}}
'''


def check() -> int:
    committed = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    version = re.search(r'unicode = "([0-9.]+)"', committed)
    text = re.search(r'static let text = """\n(.*?)\n {8}"""', committed, re.DOTALL)
    if not version or not text:
        print(f"{FILE}: no table; run scripts/folding_table.py")
        return 1
    table = entries()
    if version[1] == unicodedata.unidata_version:
        if committed == source(table):
            return 0
        print(f"{FILE}: not what scripts/folding_table.py makes; run it, and commit the file")
        return 1
    held = decoded(re.sub(r"\\?\n\s*", "", text[1].strip()))
    mine, theirs = dict(table), dict(held)
    known = set(mine) & set(theirs) if version[1] > unicodedata.unidata_version else set(theirs)
    wrong = [code for code in known if mine.get(code) != theirs[code]]
    if wrong or len(theirs) < 6000:
        print(f"{FILE}: wrong at U+{min(wrong, default=0):04X}; run scripts/folding_table.py, and commit the file")
        return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        return check()
    table = entries()
    assert decoded(encoded(table)) == table
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(source(table), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
