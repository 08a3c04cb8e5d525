//! Meetings as text of iCalendar (RFC 5545): a feed that calendars read, and the requests and
//! cancellations that come by mail (iTIP, RFC 5546; iMIP, RFC 6047).
//!
//! The text is made line by line: the `icalendar` crate escapes and quotes each, and nothing of it that
//! reads a clock or makes an id is used. The same calendar has the same text.

use std::fmt;

use icalendar::Property;
use jiff::Timestamp;
use jiff::tz::Offset;

use crate::language::Language;
use crate::time::{OffsetChange, Zone};

mod entry; // a session or a defense in it
mod feed; // who may read a person's meetings
mod zone; // the definitions of zones

pub use entry::{Entry, Status};
pub use feed::{CalendarFeed, FEED_DEFENSES_MAX, FEED_PAGES_MAX, FEED_SESSIONS_MAX};

/// What made the text.
const PRODUCT: &str = "-//Compagnon//Sessions//EN";
/// How often a reader of a feed should read it again.
const READ_EVERY: &str = "PT1H";
/// What the school is called in calendars.
const SCHOOL: &str = "Compagnon";

/// What a calendar is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// To be read, as a feed.
    Publish,
    /// The sessions are booked, or changed.
    Request,
    /// The sessions are called off.
    Cancel,
}

impl Method {
    /// Its word, in the text and in the header of a mail.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }
}

/// Who gets a request or a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendee {
    /// What people call them, if known.
    pub name: Option<String>,
    /// Their mail address.
    pub address: String,
}

/// Sessions of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// What for.
    pub method: Method,
    /// What its reader is written to in.
    pub language: Language,
    /// The school as a URI: `mailto:` and its address in a mail.
    pub organizer: String,
    /// Whom a mail is for; nobody in a feed.
    pub attendee: Option<Attendee>,
    /// The sessions.
    pub entries: Vec<Entry>,
}

impl Calendar {
    /// The text, said to be written at an instant.
    pub fn text(&self, written_at: Timestamp) -> Result<String, fmt::Error> {
        let mut lines = Lines::default();
        lines.put("BEGIN", "VCALENDAR")?;
        lines.put("VERSION", "2.0")?;
        lines.put("PRODID", PRODUCT)?;
        lines.put("CALSCALE", "GREGORIAN")?;
        lines.put("METHOD", self.method.word())?;
        if self.method == Method::Publish {
            lines.put("X-WR-CALNAME", SCHOOL)?;
            lines.with("REFRESH-INTERVAL", &[("VALUE", "DURATION")], READ_EVERY)?;
            lines.put("X-PUBLISHED-TTL", READ_EVERY)?;
        }
        for (zone, changes) in zone::of(&self.entries) {
            lines.zone(&zone, &changes)?;
        }
        for entry in &self.entries {
            self.event(entry, written_at, &mut lines)?;
        }
        lines.put("END", "VCALENDAR")?;
        Ok(lines.0)
    }

    fn event(&self, entry: &Entry, written_at: Timestamp, lines: &mut Lines) -> fmt::Result {
        let Entry { id, title, sequence, starts_at, ends_at, status, join_url, .. } = entry;
        lines.put("BEGIN", "VEVENT")?;
        lines.put("UID", &format!("{id}@compagnon"))?;
        lines.put("SEQUENCE", &sequence.to_string())?;
        lines.put("DTSTAMP", &in_utc(written_at))?;
        let wall = zone::wall(entry);
        for (name, at) in [("DTSTART", *starts_at), ("DTEND", *ends_at)] {
            match wall {
                Some(zone) => {
                    let local = zone.wall_time_at(at).strftime(LOCAL).to_string();
                    lines.with(name, &[("TZID", zone.name())], &local)?;
                }
                None => lines.put(name, &in_utc(at))?,
            }
        }
        lines.put("SUMMARY", &plain(title))?;
        lines.put("DESCRIPTION", &described(entry, self.language))?;
        if let Some(url) = join_url {
            lines.put("URL", &plain(url))?;
        }
        let (status, shown) = match status {
            Status::Confirmed => ("CONFIRMED", "OPAQUE"),
            Status::Cancelled => ("CANCELLED", "TRANSPARENT"),
        };
        lines.put("STATUS", status)?;
        lines.put("TRANSP", shown)?;
        lines.with("ORGANIZER", &[("CN", SCHOOL)], &plain(&self.organizer))?;
        if let Some(Attendee { name, address }) = &self.attendee {
            // Nobody is asked: the session is booked, whatever a calendar answers.
            let name = quotable(name.as_deref().unwrap_or(address));
            let parameters = [
                ("CUTYPE", "INDIVIDUAL"),
                ("ROLE", "REQ-PARTICIPANT"),
                ("PARTSTAT", "ACCEPTED"),
                ("RSVP", "FALSE"),
                ("CN", &name),
            ];
            lines.with("ATTENDEE", &parameters, &format!("mailto:{}", plain(address)))?;
        }
        lines.put("END", "VEVENT")
    }
}

/// What an entry says below its title.
fn described(entry: &Entry, language: Language) -> String {
    let minutes = entry.minutes();
    let (length, join) = match language {
        Language::En => (format!("{minutes} minutes."), "Join:"),
        Language::Fr => (format!("{minutes} minutes."), "Rejoindre :"),
        Language::Es => (format!("{minutes} minutos."), "Unirse:"),
    };
    match &entry.join_url {
        Some(url) => format!("{length}\n{join} {}", plain(url)),
        None => length,
    }
}

/// Octets of a line, without its end.
const OCTETS_MAX: usize = 75;
/// The form of a wall time.
const LOCAL: &str = "%Y%m%dT%H%M%S";

fn in_utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `+0100`, with seconds where there are some.
fn offset(offset: Offset) -> String {
    let (sign, seconds) =
        if offset.seconds() < 0 { ('-', -offset.seconds()) } else { ('+', offset.seconds()) };
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let rest = if rest == 0 { String::new() } else { format!("{rest:02}") };
    format!("{sign}{hours:02}{minutes:02}{rest}")
}

/// A text on one line: what could begin another is left out.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// A text that can stand in quotes: RFC 5545 has no way to write a quote in them.
fn quotable(text: &str) -> String {
    plain(text).replace('"', "'")
}

/// Lines of content, as they are written.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, name: &str, value: &str) -> fmt::Result {
        self.with(name, &[], value)
    }

    fn with(&mut self, name: &str, parameters: &[(&str, &str)], value: &str) -> fmt::Result {
        let mut property = Property::new(name, value);
        for parameter in parameters {
            property.append_parameter(*parameter);
        }
        let line: String = property.try_into()?;
        // The crate's own folds leave a last line of 76 octets.
        self.fold(line.replace("\r\n ", "").trim_end_matches("\r\n"));
        Ok(())
    }

    /// A line in pieces of at most [`OCTETS_MAX`], each behind the first with a space before it.
    fn fold(&mut self, line: &str) {
        let mut octets = 0;
        for character in line.chars() {
            if octets + character.len_utf8() > OCTETS_MAX {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(character);
            octets += character.len_utf8();
        }
        self.0.push_str("\r\n");
    }

    /// The definition of a zone: each change of its offset by itself, as it truly is.
    fn zone(&mut self, zone: &Zone, changes: &[OffsetChange]) -> fmt::Result {
        self.put("BEGIN", "VTIMEZONE")?;
        self.put("TZID", zone.name())?;
        for change in changes {
            let kind = if change.is_summer { "DAYLIGHT" } else { "STANDARD" };
            self.put("BEGIN", kind)?;
            let onset = change.before.to_datetime(change.at).strftime(LOCAL).to_string();
            self.put("DTSTART", &onset)?;
            self.put("TZOFFSETFROM", &offset(change.before))?;
            self.put("TZOFFSETTO", &offset(change.after))?;
            self.put("TZNAME", &change.name)?;
            self.put("END", kind)?;
        }
        self.put("END", "VTIMEZONE")
    }
}

#[cfg(test)]
mod tests;
