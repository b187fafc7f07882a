"""Reads the stages' stores – SQLite files or PostgreSQL schemas – without writing: journals, outputs, what waits, how
far a stage has come. Nothing personal is read: what the journals hold of it are tokens.
"""

import dataclasses
import datetime
import json
import os
import pathlib
import sqlite3
import subprocess

STAGES = ("intake", "routing", "handling", "callback", "penalty", "reports")
MICROSECONDS = 1_000_000


class StoreFailed(Exception):
    """Operation, object, cause."""


@dataclasses.dataclass
class Entry:
    """A decision: of an event, or of the timer of a record."""
    stage: str
    number: int
    is_refused: bool
    # The rule's time: of the event, or the timer's due time. Microseconds since 1970, as all instants here.
    now: int
    # The record whose timer it is; None: an event.
    timer: int | None
    timer_at: int | None
    key: tuple[str, str] | None
    type: str | None
    # Numbers of the records that it has changed.
    records: frozenset[int]
    # Wall time of its transaction.
    written: int
    # The event's data; of a timer nothing.
    data: dict


@dataclasses.dataclass
class Output:
    stage: str
    entry: int
    event: dict


@dataclasses.dataclass
class Journal:
    stage: str
    entries: list[Entry]
    outputs: list[Output]
    # By number: (kind, id).
    records: dict[int, tuple[str, str]]
    # Timers that have acted although the stage was not known to be at rest.
    by_patience: int

    def entry(self, number):
        """Numbers follow one another without gaps."""
        return self.entries[number - self.entries[0].number]


class Stores:
    """All stages' stores behind one URL, as RECOURSE_DATABASE_URL names it."""

    def __init__(self, url):
        if url.startswith("sqlite:"):
            self._folder, self._url = pathlib.Path(url.removeprefix("sqlite:")), None
        elif url.startswith(("postgres:", "postgresql:")):
            self._folder, self._url = None, url
        else:
            raise StoreFailed(f"open the stores: expected sqlite:DIRECTORY or postgres://…, found {url.split(':')[0]}")

    @property
    def is_sqlite(self):
        return self._url is None

    def rows(self, place, question):
        """The rows of a query as lists; `{schema}` stands before the name of a table of that store."""
        if self.is_sqlite:
            return self._of_file(self._folder / f"{place}.sqlite", question.format(schema=""))
        return self._of_server(question.format(schema=f"recourse_{place}."))

    @staticmethod
    def _of_file(path, question):
        try:
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
            try:
                return connection.execute(question).fetchall()
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise StoreFailed(f"read {path}: {error}") from error

    def _of_server(self, question):
        """Each row as a line of JSON."""
        question = f"SELECT (SELECT json_agg(value) FROM json_each(row_to_json(found))) FROM ({question}) AS found"
        try:
            done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", question, self._url], text=True,
                                  capture_output=True, timeout=120, check=False,
                                  env=os.environ | {"PGOPTIONS": "-c default_transaction_read_only=on"})
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StoreFailed(f"read PostgreSQL: psql: {error}") from error
        if done.returncode != 0:
            raise StoreFailed(f"read PostgreSQL: psql ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    # MARK: How far it is

    def marks(self):
        """Up to which business time each stage has said that everything has been taken and published."""
        return dict(self.rows("control", "SELECT stage, mark FROM {schema}marks"))

    def due(self, stage, until):
        return self.rows(stage, f"SELECT count(*) FROM {{schema}}records WHERE wake_at <= {until}")[0][0]

    def unsent(self, stage):
        return self.rows(stage, "SELECT count(*) FROM {schema}outbox")[0][0]

    def waiting(self, stage):
        """(source, id) of the events that wait for what they refer to."""
        return [tuple(row) for row in self.rows(stage, "SELECT source, event FROM {schema}waiting")]

    def taken(self, stage):
        return self.rows(stage, "SELECT coalesce(max(number), 0) FROM {schema}journal")[0][0]

    def dead_letters(self):
        return self.rows("parking", "SELECT count(*) FROM {schema}letters")[0][0]

    # MARK: Journals

    def journal(self, stage):
        entries = [self._entry(stage, row) for row in self._entries(stage)]
        outputs = [Output(stage, entry, json.loads(body)) for entry, body in self._outputs(stage)]
        records = {number: (kind, name) for number, kind, name in
                   self.rows(stage, "SELECT number, kind, id FROM {schema}records")}
        return Journal(stage, entries, outputs, records, self._by_patience(stage))

    def _entries(self, stage):
        records, body = ("records", "CAST(body AS TEXT)") if self.is_sqlite else (
            "array_to_json(records)::text", "convert_from(body, 'UTF8')")
        columns = f"number, fate, now, timer, timer_at, source, event, type, {records} AS changed, written, {body} AS t"
        return self.rows(stage, f"SELECT {columns} FROM {{schema}}journal ORDER BY number")

    @staticmethod
    def _entry(stage, row):
        number, fate, now, timer, timer_at, source, event, event_type, records, written, body = row
        data = (json.loads(body).get("data") or {}) if body else {}
        return Entry(stage, number, fate == 1, now, timer, timer_at, (source, event) if event is not None else None,
                     event_type, frozenset(json.loads(records)), written or 0, data)

    def _outputs(self, stage):
        entry, body, order = ("place >> 16", "CAST(body AS TEXT)", "place") if self.is_sqlite else (
            "entry", "convert_from(body, 'UTF8')", "entry, place")
        # What goes to a desk says again what is announced to everyone.
        return self.rows(stage, f"SELECT {entry} AS number, {body} AS text FROM {{schema}}outputs "
                                f"WHERE exchange = 'recourse.events' ORDER BY {order}")

    def _by_patience(self, stage):
        body = "CAST(body AS TEXT)" if self.is_sqlite else "convert_from(body, 'UTF8')"
        found = self.rows(stage, f"SELECT {body} AS text FROM {{schema}}stage_time")
        return json.loads(found[0][0]).get("actedByPatience", 0) if found and found[0][0] else 0


def instant(text):
    """RFC 3339 as microseconds since 1970."""
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * MICROSECONDS)


def shown(microseconds):
    zone = datetime.timezone(datetime.timedelta(hours=8))
    return datetime.datetime.fromtimestamp(microseconds / MICROSECONDS, zone).isoformat(timespec="seconds")
