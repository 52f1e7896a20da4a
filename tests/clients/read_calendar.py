"""A calendar program of somebody else: fetches a feed over HTTP and reads it with a parser that knows
nothing of bando.

Usage: read_calendar.py URL [ETAG]
Prints one JSON object: `status`, `headers` (names in lower case), `body`, and the `events` of what was
read, in their order.
"""

import json
import sys
import urllib.error
import urllib.request

import icalendar


def fetch(url, etag):
    request = urllib.request.Request(url)
    if etag:
        request.add_header("If-None-Match", etag)
    try:
        answer = urllib.request.urlopen(request, timeout=20)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, headers, answer.read()


def utc(value):
    """An instant in UTC: neither a day nor a time that floats."""
    assert value.dt.utcoffset().total_seconds() == 0, value
    return value.dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def event(read):
    for name in ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "STATUS"):
        assert name in read, f"an event lacks {name}"
    return {
        "uid": str(read["UID"]),
        "stamp": utc(read["DTSTAMP"]),
        "start": utc(read["DTSTART"]),
        "end": utc(read["DTEND"]),
        "summary": str(read["SUMMARY"]),
        "description": str(read["DESCRIPTION"]),
        "sequence": int(read["SEQUENCE"]),
        "status": str(read["STATUS"]),
        "category": ",".join(str(one) for one in read["CATEGORIES"].cats),
    }


def events(body):
    calendar = icalendar.Calendar.from_ical(body)
    assert calendar["VERSION"] == "2.0" and "PRODID" in calendar
    assert not calendar.errors, calendar.errors
    found = list(calendar.walk("VEVENT"))
    assert not any(one.errors for one in found)
    lines = body.split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line for line in lines), "lines are not folded"
    return [event(one) for one in found]


def main(url, etag=""):
    status, headers, body = fetch(url, etag)
    found = events(body) if status == 200 else []
    json.dump(
        {"status": status, "headers": headers, "body": body.decode(), "events": found}, sys.stdout
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
