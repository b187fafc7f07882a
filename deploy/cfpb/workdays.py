"""Working days in China and times in the business zone (Asia/Shanghai, UTC+08:00 without summer time since 1992)."""

import csv
import datetime

ZONE = datetime.timezone(datetime.timedelta(hours=8))


def at(date, hour):
    """The instant of a whole hour of a date in the business zone."""
    return datetime.datetime(date.year, date.month, date.day, hour, tzinfo=ZONE)


def text(instant):
    """RFC 3339 with offset, whole seconds."""
    return instant.isoformat(timespec="seconds")


class Workdays:
    """Monday to Friday, less public holidays, plus make-up working days.

    A year without data is an error and never "no holidays" (domain rules, time and calendar).
    """

    def __init__(self, path):
        self.holidays, self.makeup, self.years = set(), set(), set()
        with open(path, encoding="utf-8", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), start=2):
                date = datetime.date.fromisoformat(row["date"])
                self.years.add(date.year)
                if row["kind"] == "holiday_weekday":
                    self.holidays.add(date)
                elif row["kind"] == "makeup_workday":
                    self.makeup.add(date)
                else:
                    raise ValueError(f"{path}:{line}: unknown kind of day: {row['kind']}")

    def is_working(self, date):
        if date.year not in self.years:
            raise ValueError(f"the calendar has no data for {date.year}; add the year to calendar.csv")
        return date in self.makeup or (date.weekday() < 5 and date not in self.holidays)

    def after(self, date, days):
        """The date of the Nth working day after `date`."""
        while days > 0:
            date += datetime.timedelta(days=1)
            if self.is_working(date):
                days -= 1
        return date
