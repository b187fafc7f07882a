"""Ids of Recourse that others may compute, ids that the mapper makes up, and the envelope that carries them.

The published ids are uuid5(NS, parts joined by a line feed) with NS = uuid5(DNS, "recourse"). The mapper needs them
because a desk that accepts a case, or a call centre that reports a call, must name a case or a task that does not
exist yet when the file is written.
"""

import hashlib
import re
import uuid

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "recourse")
ID_PATTERN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_:-]{0,63}$")


def published_id(*parts):
    """uuid5 in the namespace of Recourse; every part is written as text, joined by U+000A."""
    return str(uuid.uuid5(NAMESPACE, "\n".join(str(part) for part in parts)))


def case_id(source, complaint_id):
    return published_id("case", source, complaint_id)


def closing_callback_id(case, closing):
    """The call after a closing of a case; closings count from 1."""
    return published_id("callback", "case-closed", case, closing)


def envelope(event_id, source, name, time, data):
    """A CloudEvents 1.0 event, structured; `name` is without its version."""
    return {"specversion": "1.0", "id": event_id, "source": source, "type": f"{name}.v1", "time": time, "data": data}


def row_digest(fields):
    """SHA-256 of the whole row: its fields joined by U+001F, as UTF-8. Equal rows have equal digests."""
    return hashlib.sha256("\x1f".join(fields).encode("utf-8")).digest()


def slug(text):
    """Lower-case letters and digits of `text`, everything else folded into single hyphens; at most 56 characters."""
    folded = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:56].rstrip("-")
    return folded or "x"


def unique_slugs(names):
    """A dictionary from each name to its id.

    Names whose slugs meet get the first six hexadecimal digits of their own SHA-256 appended, all of them, so that an
    id never depends on which of them came first.
    """
    groups = {}
    for name in sorted(set(names)):
        groups.setdefault(slug(name), []).append(name)
    result = {}
    for base, members in groups.items():
        for name in members:
            suffix = "" if len(members) == 1 else "-" + hashlib.sha256(name.encode("utf-8")).hexdigest()[:6]
            result[name] = base + suffix
    if len(set(result.values())) != len(result):
        raise ValueError("two companies have the same id; lengthen the suffix in ids.unique_slugs")
    for identifier in result.values():
        if not ID_PATTERN.match(identifier):
            raise ValueError(f"not an id: {identifier}")
    return result
