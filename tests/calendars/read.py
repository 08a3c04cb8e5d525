"""Reads iCalendar from standard input by PyPI's icalendar, and says as JSON what it understands.

Each time is told twice: by the zone's name, and by the definition that stands in the text, so that a
wrong VTIMEZONE is seen even where the name is known.
"""

import datetime
import json
import sys

import icalendar


def utc(time):
    return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


calendar = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
zones = {}
for zone in calendar.walk("VTIMEZONE"):
    # Under another name nobody knows the zone: what stands in the text alone counts.
    name = str(zone["TZID"])
    zone["TZID"] = icalendar.vText("Nowhere/" + name)
    zones[name] = zone.to_tz(lookup_tzid=False)


def told(event, name):
    property = event[name]
    tzid = property.params.get("TZID")
    defined = property.dt.replace(tzinfo=zones[tzid]) if tzid else property.dt
    return {"tzid": tzid, "by_name": utc(property.dt), "by_definition": utc(defined)}


def attendees(event):
    listed = event.get("ATTENDEE", [])
    return [str(one) for one in (listed if isinstance(listed, list) else [listed])]


events = [
    {
        "uid": str(event["UID"]),
        "sequence": int(event["SEQUENCE"]),
        "status": str(event["STATUS"]),
        "summary": str(event["SUMMARY"]),
        "start": told(event, "DTSTART"),
        "end": told(event, "DTEND"),
        "attendees": attendees(event),
        "errors": [str(error) for error in event.errors],
    }
    for event in calendar.walk("VEVENT")
]
json.dump({"method": str(calendar["METHOD"]), "events": events}, sys.stdout)
