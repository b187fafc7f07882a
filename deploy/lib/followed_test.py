#!/usr/bin/env python3
"""Tests of followed: what it must take for another output, and how it finds the ids of a run."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import followed


class Following(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.document, self.state = self.folder / "DOCUMENT.md", self.folder / "state"

    def write(self, *lines):
        self.document.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def follow(self, name="one"):
        """What it says of a portion: nothing if all is as it stands there."""
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                followed.follow(self.document, name, self.state)
            except SystemExit as fault:
                return str(fault)
        return ""

    def portion(self, *lines):
        self.write("<!-- drill: one -->", "```console", *lines, "```")
        return self.follow()

    def test_numbers_times_and_blanks_may_differ(self):
        self.assertEqual("", self.portion(
            "$ echo '2026-12-01T10:00:00.5+08:00  open   12'", "2027-01-02T03:04:05Z open 2,000"))

    def test_lines_may_be_missing_but_not_in_another_order(self):
        self.assertEqual("", self.portion("$ printf 'a\\nb\\nc\\n'", "a", "…", "c"))
        self.assertIn("did not print", self.portion("$ printf 'a\\nb\\n'", "b", "a"))

    def test_the_rest_of_a_line(self):
        self.assertEqual("", self.portion("$ echo 'state open and more'", "state …"))
        self.assertIn("did not print", self.portion("$ echo 'state open and more'", "state"))
        self.assertIn("did not print", self.portion("$ echo 'STATE WHO'", "STATE WHY"))

    def test_words_and_exit_codes_must_be_the_same(self):
        self.assertIn("did not print", self.portion("$ echo paused", "stopped"))
        self.assertIn("ended with 3, not 0", self.portion("$ exit 3"))
        self.assertIn("ended with 0, not 1", self.portion("$ true    # exit 1"))
        self.assertEqual("", self.portion("$ false    # exit 1"))

    def test_ids_are_learnt_and_put_into_commands(self):
        self.write(
            "<!-- drill: one -->", "```console", "$ echo 'operation zzzzzz: of 0badcafe-1234'", "operation k3m9q2: of 1f0c22aa-0000",
            "```", "<!-- drill: two -->", "```console", "$ echo k3m9q2 1f0c22aa-0000", "k3m9q2 1f0c22aa-0000", "```")
        self.assertEqual("", self.follow())
        self.assertEqual({"k3m9q2": "zzzzzz", "1f0c22aa-0000": "0badcafe-1234"}, followed.Run(self.state).ids)
        self.assertEqual("", self.follow("two"))
        self.assertEqual("echo zzzzzz 0badcafe-1234", followed.Run(self.state).done[-1][0])

    def test_an_id_that_is_another_is_told(self):
        self.assertIn("did not print", self.portion("$ printf '1a2b3c4d\\n0badcafe\\n'", "5e6f7a8b", "5e6f7a8b"))

    def test_a_command_that_runs_on_is_waited_for(self):
        self.assertEqual("", self.portion("$ echo begun; exit 1 &    # exit 1", "begun", "$ echo meanwhile", "meanwhile"))
        self.assertIn("ended with 1, not 0", self.portion("$ echo begun; exit 1 &", "begun"))

    def test_what_was_never_followed_is_named(self):
        self.write("<!-- drill: one -->", "```console", "$ true", "```", "<!-- drill: two -->", "```console", "$ true", "```")
        self.follow()
        with self.assertRaises(SystemExit) as told:
            followed.left(self.document, self.state)
        self.assertIn("two", str(told.exception))

    def test_blocks_outside_of_portions_and_double_names_are_refused(self):
        self.write("```console", "$ true", "```")
        self.assertIn("before the first portion", self.follow())
        self.write("<!-- drill: one -->", "<!-- drill: one -->")
        self.assertIn("two portions", self.follow())

    def test_the_document_for_those_on_call_can_be_read(self):
        found = followed.portions(pathlib.Path(__file__).resolve().parents[2] / "docs" / "ON-CALL.md")
        self.assertTrue(all(found.values()))
        self.assertGreater(sum(len(steps) for steps in found.values()), 30)


if __name__ == "__main__":
    unittest.main()
