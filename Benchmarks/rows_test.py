"""What the table of deploy/benchmark makes of measurements."""

import unittest

from rows import ROWS, Row, evaluate, ratio, single, table
from runs import FAMILIES

HOP = Row("hop", "hop / loop", ("loop", "sqlite"), ratio("sqlite", "loop"), 0.6, 0.75)
COST = Row("hop", "cost", ("sqlite",), single("sqlite", "written", 1000), 9, 6, "kB", more_is_better=False, digits=1)


def measured(loop: float, sqlite: float) -> dict:
    return {"loop": {"rate": loop}, "sqlite": {"rate": sqlite, "written": 7_000.0}}


class RowsTest(unittest.TestCase):
    def test_the_median_of_each_rounds_own_ratio(self) -> None:
        result = evaluate(HOP, [measured(100, 61), measured(10, 9), measured(50, 35)], {})
        self.assertEqual(result.cells(), ("hop / loop", "0.70", "0.61–0.90", "≥ 0.6", "≥ 0.75", "must"))

    def test_a_round_without_all_variants_does_not_count(self) -> None:
        result = evaluate(HOP, [{"loop": {"rate": 1.0}}, measured(100, 80)], {})
        self.assertEqual(result.values, (0.8,))

    def test_what_was_not_measured_says_why(self) -> None:
        result = evaluate(HOP, [{"loop": {"rate": 1.0}}], {"sqlite": "it ended"})
        self.assertEqual(result.cells()[1:], ("–", "", "≥ 0.6", "≥ 0.75", "not measured"))
        self.assertEqual(result.document()["fault"], "it ended")

    def test_less_may_be_better(self) -> None:
        self.assertEqual([COST.judge(value) for value in (9.1, 9.0, 6.0)], ["MISSED", "must", "aim"])
        self.assertEqual(evaluate(COST, [measured(1, 1)], {}).cells()[1], "7.0 kB")

    def test_every_row_needs_variants_of_one_family(self) -> None:
        for row in ROWS:
            families = {family.name for family in FAMILIES for name in row.needs if name in family.variants}
            known = all(any(name in family.variants for family in FAMILIES) for name in row.needs)
            self.assertTrue(known and len(families) == 1, row.title)

    def test_columns_line_up(self) -> None:
        self.assertEqual(table([("a", "bb"), ("cc", "d")]), "a   bb\ncc   d")


if __name__ == "__main__":
    unittest.main()
