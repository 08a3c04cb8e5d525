//! Texts read back: by the parser of the same crate, and zones by their own definitions.

use icalendar::parser::{Component, read_calendar, unfold};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::*;
use crate::id::SessionId;
use crate::session::{Appointment, SessionKind};

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn zone(name: &str) -> Zone {
    name.parse().expect("a zone")
}

fn entry(name: &str, starts_at: Timestamp, zone_name: &str) -> Entry {
    told(name, "Marc Delorme", Language::En, starts_at, zone_name)
}

fn told(name: &str, with: &str, language: Language, starts_at: Timestamp, zone_name: &str) -> Entry {
    let appointment = Appointment {
        session: SessionId::derived(&[name]),
        kind: SessionKind::Mentoring,
        sequence: 0,
        starts_at,
        ends_at: starts_at + SignedDuration::from_mins(45),
        time_zone: zone(zone_name),
        with: Some(with.into()),
    };
    Entry::session(appointment, Status::Confirmed, language)
}

fn feed(entries: Vec<Entry>) -> Calendar {
    Calendar {
        method: Method::Publish,
        language: Language::En,
        organizer: "https://school.example".into(),
        attendee: None,
        entries,
    }
}

fn text(calendar: &Calendar) -> String {
    calendar.text(at("2027-03-02T09:00:00Z")).expect("a text")
}

/// A property's value, and one of its parameters.
fn value(component: &Component<'_>, name: &str) -> Option<String> {
    let property = component.properties.iter().find(|property| property.name == name)?;
    Some(property.val.as_str().to_owned())
}

fn tzid(component: &Component<'_>, name: &str) -> Option<String> {
    let property = component.properties.iter().find(|property| property.name == name)?;
    let tzid = property.params.iter().find(|parameter| parameter.key == "TZID")?;
    tzid.val.as_ref().map(|value| value.as_str().to_owned())
}

fn local(text: &str) -> DateTime {
    DateTime::strptime(LOCAL, text).expect("a wall time")
}

fn read_offset(text: &str) -> Offset {
    let (sign, digits) = text.split_at(1);
    let number =
        |range: std::ops::Range<usize>| digits.get(range).map_or(0, |part| part.parse().expect("digits"));
    let seconds = number(0..2) * 3600 + number(2..4) * 60 + if digits.len() == 6 { number(4..6) } else { 0 };
    Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).expect("an offset")
}

/// What a reader who knows no zones makes of a wall time: the offset of the last onset before it, by the
/// definitions in the text alone; where it is shown twice, the first.
fn by_definition(definition: &Component<'_>, wall: DateTime) -> Timestamp {
    let onsets = definition.components.iter().map(|observance| {
        let [from, to] = ["TZOFFSETFROM", "TZOFFSETTO"]
            .map(|name| read_offset(&value(observance, name).expect("an offset")));
        let onset = local(&value(observance, "DTSTART").expect("an onset"));
        (from.to_timestamp(onset).expect("an instant"), from, to)
    });
    let onsets = Vec::from_iter(onsets);
    let mut offset = onsets.first().expect("an onset").1;
    for (onset, _, to) in onsets {
        // Read with the offset so far, the wall time lies at or behind the onset.
        if offset.to_timestamp(wall).expect("an instant") >= onset {
            offset = to;
        }
    }
    offset.to_timestamp(wall).expect("an instant")
}

/// Every event's UID with its start and end, as the text says them.
fn instants(text: &str) -> Vec<(String, [Timestamp; 2])> {
    let unfolded = unfold(text);
    let calendar = read_calendar(&unfolded).expect("a calendar");
    let named = |name: &'static str| calendar.components.iter().filter(move |it| it.name == name);
    let read = |event: &Component<'_>, name: &str| {
        let text = value(event, name).expect("a time");
        let Some(tzid) = tzid(event, name) else {
            let utc = local(text.strip_suffix('Z').expect("UTC"));
            return TimeZone::UTC.to_timestamp(utc).expect("an instant");
        };
        let definition = named("VTIMEZONE").find(|zone| value(zone, "TZID").as_ref() == Some(&tzid));
        let by_name = zone(&tzid).occurrence(local(&text)).expect("valid").starts_at;
        assert_eq!(by_definition(definition.expect("a definition"), local(&text)), by_name, "{tzid} {text}");
        by_name
    };
    named("VEVENT")
        .map(|event| {
            (value(event, "UID").expect("a UID"), ["DTSTART", "DTEND"].map(|name| read(event, name)))
        })
        .collect()
}

/// S4.
#[test]
fn a_feed_says_when_sessions_are_through_clock_changes() {
    let starts =
        ["2027-03-09T17:00:00Z", "2027-03-16T17:00:00Z", "2027-03-23T17:00:00Z", "2027-03-30T16:00:00Z"];
    let mut calendar = feed(starts.map(|start| entry(start, at(start), "Europe/Paris")).to_vec());
    calendar.entries[1].status = Status::Cancelled;
    calendar.entries[1].sequence = 1;
    calendar.entries[2].join_url = Some("https://meet.example/room?jwt=a,b;c".into());
    let text = text(&calendar);
    insta::assert_snapshot!("feed", text.replace("\r\n", "\n"));
    let read = Vec::from_iter(instants(&text).into_iter().map(|(_, [start, _])| start.to_string()));
    assert_eq!(read, starts);
}

#[test]
fn a_request_names_its_reader_and_nobody_else() {
    let entry = told("one", "Marc Delorme", Language::Fr, at("2027-03-09T17:00:00Z"), "Europe/Paris");
    let calendar = Calendar {
        method: Method::Request,
        language: Language::Fr,
        organizer: "mailto:school@example.org".into(),
        attendee: Some(Attendee {
            name: Some("Ana \"A\" Duarte, Dr.".into()),
            address: "ana@example.org".into(),
        }),
        ..feed(vec![entry])
    };
    let text = text(&calendar);
    for line in [
        "METHOD:REQUEST",
        "ORGANIZER;CN=Compagnon:mailto:school@example.org",
        "SUMMARY:Séance de mentorat avec Marc Delorme",
        "UID:ses_",
    ] {
        assert!(text.contains(&format!("\r\n{line}")), "no {line} in {text}");
    }
    let unfolded = text.replace("\r\n ", "");
    assert!(unfolded.contains(";CN=\"Ana 'A' Duarte, Dr.\";"), "{unfolded}");
    assert!(unfolded.contains(":mailto:ana@example.org\r\n"), "{unfolded}");
}

/// Where the clocks go back, the second of both hours cannot be said on the wall.
#[test]
fn the_hour_that_comes_twice_is_said_in_utc_the_second_time() {
    let check = |start: &str, line: &str| {
        let text = text(&feed(vec![entry("one", at(start), "Europe/Paris")]));
        assert!(text.contains(line), "no {line} in {text}");
        assert_eq!(instants(&text)[0].1[0], at(start));
    };
    check("2027-10-31T00:00:00Z", "DTSTART;TZID=Europe/Paris:20271031T020000\r\n");
    check("2027-10-31T01:15:00Z", "DTSTART:20271031T011500Z\r\n");
    // It begins the first time and ends the second: both are said in UTC.
    check("2027-10-31T00:15:00Z", "DTSTART:20271031T001500Z\r\n");
}

#[test]
fn a_zone_without_changes_is_defined_by_its_offset() {
    let text = text(&feed(vec![entry("one", at("2027-03-09T17:00:00Z"), "Asia/Kolkata")]));
    assert!(text.contains("BEGIN:STANDARD\r\nDTSTART:"), "{text}");
    assert!(text.contains("TZOFFSETTO:+0530\r\n"), "{text}");
    assert_eq!(instants(&text)[0].1[0], at("2027-03-09T17:00:00Z"));
    let utc = self::text(&feed(vec![entry("one", at("2027-03-09T17:00:00Z"), "UTC")]));
    assert!(!utc.contains("VTIMEZONE") && utc.contains("DTSTART:20270309T170000Z"), "{utc}");
}

const ZONES: [&str; 9] = [
    "Europe/Paris",
    "America/New_York",
    "Africa/Casablanca",
    "America/Asuncion",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "America/Vancouver",
    "UTC",
];

proptest! {
    /// Any quarter hour of ten years in zones of every kind, read by name and by definition.
    #[test]
    fn every_instant_reads_back(
        quarters in proptest::collection::vec((0_i64..10 * 366 * 96, 0_usize..ZONES.len()), 1..8),
    ) {
        let begin = at("2026-01-01T00:00:00Z");
        let entries = Vec::from_iter(quarters.iter().map(|(quarter, index)| {
            let starts_at = begin.checked_add((15 * quarter).minutes()).expect("in the calendar");
            entry(&quarter.to_string(), starts_at, ZONES[*index])
        }));
        let expected = Vec::from_iter(entries.iter().map(|entry| {
            let Entry { id, starts_at, ends_at, .. } = entry;
            (format!("{id}@compagnon"), [*starts_at, *ends_at])
        }));
        prop_assert_eq!(instants(&text(&feed(entries))), expected);
    }

    /// Whatever somebody is called, it stands in one property, on lines of 75 octets, and nothing else changes.
    #[test]
    fn a_name_of_any_kind_reads_back(name in "[^\\p{C}]{1,120}") {
        let one = told("one", &name, Language::En, at("2027-03-09T17:00:00Z"), "Europe/Paris");
        let attendee = Attendee { name: Some(name.clone()), address: "ana@example.org".into() };
        let text = text(&Calendar { method: Method::Request, attendee: Some(attendee), ..feed(vec![one]) });
        for line in text.split("\r\n") {
            prop_assert!(line.len() <= 75, "{line}");
            prop_assert!(!line.contains(['\r', '\n']));
        }
        let calendar: icalendar::Calendar = text.parse().expect("a calendar");
        let event = calendar.components.iter().find_map(|component| component.as_event()).expect("an event");
        let properties = icalendar::Component::properties(event);
        let summary = format!("Mentoring session with {name}");
        prop_assert_eq!(properties.get("SUMMARY").map(Property::value), Some(summary.as_str()));
        let called = properties.get("ATTENDEE").or_else(|| {
            icalendar::Component::multi_properties(event).get("ATTENDEE").and_then(|all| all.first())
        });
        let called = called.and_then(|property| property.params().get("CN"));
        let called = called.map(|name| name.value().to_owned());
        prop_assert_eq!(called, Some(quotable(&name)));
        prop_assert_eq!(calendar.components.len(), 2);
    }
}
