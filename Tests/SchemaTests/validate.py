"""Says what Python's jsonschema thinks of events: an opinion that owes nothing to Recourse's own checks.

usage: validate.py SCHEMA-DIRECTORY < DOCUMENTS

Each line of standard input is {"type": "<wire name>", "document": <event>}. For each line one comes out:
"valid", or the keyword of JSON Schema that fails first.
"""

import json
import pathlib
import re
import sys

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend


def pattern(validator, expression, instance, schema):
    """JSON Schema's patterns are those of ECMA-262, where $ matches at the very end only; Python's also before a
    final line feed."""
    if validator.is_type(instance, "string"):
        if not re.search(re.sub(r"\$$", r"\\Z", expression), instance):
            yield ValidationError("does not match the pattern")


Validator = extend(Draft202012Validator, {"pattern": pattern})


def validators(directory):
    found = {}
    for path in pathlib.Path(directory).glob("*.json"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        if "$schema" in schema:
            Draft202012Validator.check_schema(schema)
            checker = Draft202012Validator.FORMAT_CHECKER
            found[schema["title"]] = Validator(schema, format_checker=checker)
    return found


def main():
    known = validators(sys.argv[1])
    for line in sys.stdin.buffer:
        request = json.loads(line)
        error = next(known[request["type"]].iter_errors(request["document"]), None)
        sys.stdout.write("valid\n" if error is None else f"{error.validator}\n")


if __name__ == "__main__":
    main()
