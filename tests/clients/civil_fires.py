"""When schedules fire, by Python's own calendar and zones, for a test to hold the daemon's against.

Prints the version of the zone database, then a line for each expression and zone: both and the
instants in seconds since 1970, separated by tabs. The civil times of an expression are enumerated
here, day by day, and resolved by zoneinfo: in a gap the first instant after it, in an overlap the
first occurrence.
"""

import datetime
import sys
import zoneinfo

import tzdata

YEARS = range(2026, 2037)
ZONES = ["Europe/Rome", "Europe/Lisbon", "America/Santiago", "Australia/Lord_Howe"]
EXPRESSIONS = [
    "30 2 * * *",
    "0 2 * * *",
    "0 0 * * *",
    "@daily",
    "59 23 * * *",
    "15,45 1-3 * * *",
    "*/20 0-3 * 3,4,9,10 *",
    "0 */6 * * *",
    "0 7 * * MON-FRI",
    "45 1 * * SAT,SUN",
    "30 2 * 3,4,10 SUN",
    "0 7 1 * *",
    "0 12 29 2 *",
    "30 2 25-31 3,10 *",
    "@weekly",
    "@monthly",
    "@yearly",
    "0 * * 3,10 *",
]
SHORTHANDS = {
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * MON",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
WEEKDAYS = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
UTC = datetime.timezone.utc
SECOND = datetime.timedelta(seconds=1)


def values(field, low, high, names=()):
    """The numbers that a field of an expression stands for."""

    def number(text):
        return names.index(text) if text in names else int(text)

    found = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            first, last = (number(end) for end in span.split("-"))
        else:
            first = last = number(span)
        found.update(range(first, last + 1, int(step or 1)))
    return found


def civil_times(expression):
    """Every civil time of an expression in the years, in order."""
    fields = SHORTHANDS.get(expression, expression).split()
    minutes, hours = sorted(values(fields[0], 0, 59)), sorted(values(fields[1], 0, 23))
    days, months = values(fields[2], 1, 31), values(fields[3], 1, 12)
    weekdays = values(fields[4], 0, 6, WEEKDAYS)
    day = datetime.date(YEARS[0], 1, 1)
    while day.year in YEARS:
        if day.day in days and day.month in months and day.weekday() in weekdays:
            for hour in hours:
                for minute in minutes:
                    yield datetime.datetime(day.year, day.month, day.day, hour, minute)
        day += datetime.timedelta(days=1)


def resolve(civil, zone):
    """The instant at which something planned for a civil time happens, in seconds."""
    instant = civil.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == civil:
        return int(instant.timestamp())
    # The clocks skip it: the later of the two readings lies after the gap, the earlier before.
    other = civil.replace(tzinfo=zone, fold=1).astimezone(UTC)
    before, after = min(instant, other), max(instant, other)
    new = after.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == new:
            after = middle
        else:
            before = middle
    return int(after.timestamp())


def main():
    # The package's zones and not the machine's.
    zoneinfo.reset_tzpath(())
    print(tzdata.IANA_VERSION)
    for name in ZONES:
        zone = zoneinfo.ZoneInfo(name)
        for expression in EXPRESSIONS:
            instants = sorted({resolve(civil, zone) for civil in civil_times(expression)})
            print(expression, name, ",".join(map(str, instants)), sep="\t")


if __name__ == "__main__":
    sys.exit(main())
