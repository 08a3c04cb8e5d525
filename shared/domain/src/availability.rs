//! When a mentor, juror or coach can meet: weekly windows on the wall of their own zone, and the
//! dates that differ.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::PersonId;
use crate::permission::{Relation, Subject};
use crate::person::{LANGUAGES_MAX, LINE_CHARS_MAX};
use crate::time::Zone;

mod wall;

pub use wall::{EndTime, InvalidTimeOfDay, LocalTime, Weekday};

/// When a person can meet, and how many students they take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Availability {
    /// Who.
    pub person: PersonId,
    /// The zone whose clocks the windows are read on.
    pub time_zone: Zone,
    /// Windows of every week.
    pub weekly: Vec<Window>,
    /// Dates that differ.
    pub exceptions: Vec<Exception>,
    /// How many students the person takes at a time.
    pub seats: u32,
    /// What the person works in, in the school's words.
    pub fields: Vec<String>,
    /// BCP 47 codes, best first.
    pub languages: Vec<String>,
}

/// A stretch of one weekday, from a minute up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The day.
    pub weekday: Weekday,
    /// Its first minute.
    pub from: LocalTime,
    /// The first minute behind it.
    pub to: EndTime,
}

/// A date, or a part of it, on which the person can meet although the week says no, or the
/// other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The date on the wall of the person's zone.
    pub date: Date,
    /// Whether the person can meet then.
    pub available: bool,
    /// First minute; without it and `to`, the whole day.
    #[serde(default)]
    pub from: Option<LocalTime>,
    /// First minute behind it.
    #[serde(default)]
    pub to: Option<EndTime>,
}

/// The most windows in a week: seven a day, more than anyone keeps.
pub const WINDOWS_MAX: usize = 49;
/// The most dates that differ: one for each day of a year.
pub const EXCEPTIONS_MAX: usize = 366;
/// The most students one mentor may offer to take: more than a full week of sessions.
pub const SEATS_MAX: u32 = 100;
/// The most fields a person names.
pub const FIELDS_MAX: usize = 20;

/// Why an availability cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AvailabilityError {
    /// It ends before it begins.
    #[error("the end must lie behind the start")]
    Backwards {
        /// JSON pointer to the end.
        pointer: String,
    },
    /// Two windows of a weekday, or two exceptions of a date, share a minute.
    #[error("it overlaps {other}")]
    Overlap {
        /// JSON pointer to the later entry.
        pointer: String,
        /// JSON pointer to the earlier one.
        other: String,
    },
    /// An exception has a start without an end, or the other way round.
    #[error("expected both `from` and `to`, or neither for the whole day")]
    HalfOpen {
        /// JSON pointer to the exception.
        pointer: String,
    },
    /// Too many.
    #[error("expected at most {max}")]
    Count {
        /// JSON pointer to the list or number.
        pointer: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// A word is empty, too long, or has control characters.
    #[error("expected 1 to {LINE_CHARS_MAX} characters without control characters")]
    Line {
        /// JSON pointer to the word.
        pointer: String,
    },
}

impl AvailabilityError {
    /// JSON pointer to the field at fault.
    pub fn pointer(&self) -> &str {
        match self {
            Self::Backwards { pointer }
            | Self::Overlap { pointer, .. }
            | Self::HalfOpen { pointer }
            | Self::Line { pointer } => pointer,
            Self::Count { pointer, .. } => pointer,
        }
    }
}

/// Minutes of a day, the second exclusive.
type Span = (u16, u16);

impl Window {
    fn span(&self) -> Span {
        (self.from.minute(), self.to.minute())
    }
}

impl Exception {
    fn span(&self) -> Span {
        (self.from.unwrap_or(LocalTime::MIDNIGHT).minute(), self.to.unwrap_or(EndTime::MIDNIGHT).minute())
    }

    fn holds(&self, wall: DateTime) -> bool {
        self.date == wall.date() && within(self.span(), wall)
    }
}

fn within((from, to): Span, wall: DateTime) -> bool {
    (from..to).contains(&LocalTime::of(wall.time()).minute())
}

impl Availability {
    /// What a person has who has not said anything yet: no time and no seats.
    pub fn undeclared(person: PersonId) -> Self {
        Self {
            person,
            time_zone: Zone::utc(),
            weekly: Vec::new(),
            exceptions: Vec::new(),
            seats: 0,
            fields: Vec::new(),
            languages: Vec::new(),
        }
    }

    /// Whether every minute from `starts_at` up to `ends_at` is open on the person's own wall.
    ///
    /// Asked minute by minute, so that a clock change inside needs no rule of its own.
    pub fn covers(&self, starts_at: Timestamp, ends_at: Timestamp) -> bool {
        let minutes = starts_at.duration_until(ends_at).as_mins();
        minutes > 0
            && (0..minutes).all(|minute| {
                self.is_open(self.time_zone.wall_time_at(starts_at + SignedDuration::from_mins(minute)))
            })
    }

    /// Whether the person can meet at a minute: as the date says if it differs, else as the week.
    fn is_open(&self, wall: DateTime) -> bool {
        if let Some(exception) = self.exceptions.iter().find(|exception| exception.holds(wall)) {
            return exception.available;
        }
        let weekday = wall.date().weekday();
        self.weekly.iter().any(|window| {
            jiff::civil::Weekday::from(window.weekday) == weekday && within(window.span(), wall)
        })
    }

    /// The availability as the person wrote it, if it can be kept.
    pub fn check(&self) -> Result<(), AvailabilityError> {
        let count = |pointer, found: usize, max: usize| {
            if found <= max { Ok(()) } else { Err(AvailabilityError::Count { pointer, max }) }
        };
        count("/weekly", self.weekly.len(), WINDOWS_MAX)?;
        count("/exceptions", self.exceptions.len(), EXCEPTIONS_MAX)?;
        count("/seats", self.seats as usize, SEATS_MAX as usize)?;
        count("/fields", self.fields.len(), FIELDS_MAX)?;
        count("/languages", self.languages.len(), LANGUAGES_MAX)?;
        if let Some(index) = self.exceptions.iter().position(|day| day.from.is_some() != day.to.is_some()) {
            return Err(AvailabilityError::HalfOpen { pointer: format!("/exceptions/{index}") });
        }
        check_spans(
            "/weekly",
            &Vec::from_iter(self.weekly.iter().map(|window| (window.weekday, window.span()))),
        )?;
        check_spans(
            "/exceptions",
            &Vec::from_iter(self.exceptions.iter().map(|day| (day.date, day.span()))),
        )?;
        check_words("/fields", &self.fields)?;
        check_words("/languages", &self.languages)
    }
}

/// Refuses a span that ends before it begins, and two of one day that share a minute.
fn check_spans<Day: PartialEq>(list: &str, spans: &[(Day, Span)]) -> Result<(), AvailabilityError> {
    for (index, (day, (from, to))) in spans.iter().enumerate() {
        if from >= to {
            return Err(AvailabilityError::Backwards { pointer: format!("{list}/{index}/to") });
        }
        let shared = |(other_day, (other_from, other_to)): &(Day, Span)| {
            other_day == day && from < other_to && other_from < to
        };
        if let Some(other) = spans.iter().take(index).position(shared) {
            return Err(AvailabilityError::Overlap {
                pointer: format!("{list}/{index}"),
                other: format!("{list}/{other}"),
            });
        }
    }
    Ok(())
}

fn check_words(list: &str, words: &[String]) -> Result<(), AvailabilityError> {
    let writable = |word: &String| {
        !word.trim().is_empty()
            && word.chars().count() <= LINE_CHARS_MAX
            && !word.chars().any(char::is_control)
    };
    match words.iter().position(|word| !writable(word)) {
        Some(index) => Err(AvailabilityError::Line { pointer: format!("{list}/{index}") }),
        None => Ok(()),
    }
}

impl Subject for Availability {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.person { vec![Relation::Owner] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris(weekly: &str, exceptions: &str) -> Availability {
        Availability {
            time_zone: "Europe/Paris".parse().expect("a zone"),
            weekly: serde_json::from_str(weekly).expect("windows"),
            exceptions: serde_json::from_str(exceptions).expect("exceptions"),
            seats: 5,
            ..Availability::undeclared(PersonId::derived(&["claire"]))
        }
    }

    const TUESDAYS: &str = r#"[{"weekday": "tue", "from": "18:00", "to": "21:00"}]"#;

    fn check(availability: &Availability, starts_at: &str, minutes: i64, covered: bool) {
        let starts_at: Timestamp = starts_at.parse().expect("an instant");
        let ends_at = starts_at + SignedDuration::from_mins(minutes);
        assert_eq!(availability.covers(starts_at, ends_at), covered, "{starts_at} for {minutes}");
    }

    #[test]
    fn windows_are_read_on_the_persons_own_wall() {
        let tuesdays = paris(TUESDAYS, "[]");
        check(&tuesdays, "2027-03-09T17:00:00Z", 180, true); // 18:00 in winter
        check(&tuesdays, "2027-03-09T16:45:00Z", 45, false);
        check(&tuesdays, "2027-03-09T19:30:00Z", 45, false); // ends 21:15
        check(&tuesdays, "2027-03-30T16:00:00Z", 180, true); // 18:00 in summer
        check(&tuesdays, "2027-03-10T17:00:00Z", 45, false); // a Wednesday
        check(&tuesdays, "2027-03-09T17:00:00Z", 0, false);
        check(&tuesdays, "2027-03-09T17:00:00Z", -45, false);
    }

    #[test]
    fn an_exception_closes_or_opens_its_date() {
        let differs = paris(
            TUESDAYS,
            r#"[{"date": "2027-03-16", "available": false},
                {"date": "2027-03-23", "available": false, "from": "19:00", "to": "20:00"},
                {"date": "2027-03-25", "available": true, "from": "08:00", "to": "10:00"}]"#,
        );
        check(&differs, "2027-03-16T17:00:00Z", 45, false);
        check(&differs, "2027-03-23T17:00:00Z", 60, true);
        check(&differs, "2027-03-23T17:30:00Z", 45, false);
        check(&differs, "2027-03-23T19:00:00Z", 60, true);
        check(&differs, "2027-03-25T07:00:00Z", 120, true);
    }

    #[test]
    fn a_session_may_cross_midnight_where_both_days_are_open() {
        let late = r#"[{"weekday": "tue", "from": "22:00", "to": "24:00"},
                       {"weekday": "wed", "from": "00:00", "to": "01:00"}]"#;
        check(&paris(late, "[]"), "2027-03-09T22:30:00Z", 60, true);
        check(&paris(late, "[]"), "2027-03-09T22:30:00Z", 120, false);
    }

    #[test]
    fn a_clock_change_inside_a_window_is_followed() {
        let night = paris(r#"[{"weekday": "sun", "from": "01:00", "to": "04:00"}]"#, "[]");
        check(&night, "2027-03-28T00:00:00Z", 120, true); // 01:00 to 04:00, with a gap
        check(&night, "2027-03-28T00:00:00Z", 135, false);
        check(&night, "2027-10-30T23:00:00Z", 240, true); // 01:00 to 04:00, with 02:00 twice
    }

    #[test]
    fn who_said_nothing_is_never_available() {
        check(&Availability::undeclared(PersonId::derived(&["x"])), "2027-03-09T17:00:00Z", 45, false);
    }

    #[test]
    fn an_availability_names_the_field_at_fault() {
        let check = |pointer: &str, change: fn(&mut Availability)| {
            let mut availability = paris(TUESDAYS, r#"[{"date": "2027-03-16", "available": false}]"#);
            change(&mut availability);
            assert_eq!(
                availability.check().map_err(|error| error.pointer().to_owned()),
                Err(pointer.to_owned())
            );
        };
        check("/weekly/0/to", |it| {
            it.weekly = paris(r#"[{"weekday": "tue", "from": "18:00", "to": "18:00"}]"#, "[]").weekly
        });
        check("/weekly/1", |it| {
            let mut again = it.weekly[0];
            again.from = LocalTime::MIDNIGHT;
            it.weekly.push(again);
        });
        check("/exceptions/1", |it| it.exceptions.push(Exception { available: true, ..it.exceptions[0] }));
        check("/exceptions/0", |it| it.exceptions[0].from = Some(LocalTime::MIDNIGHT));
        check("/weekly", |it| it.weekly = vec![it.weekly[0]; WINDOWS_MAX + 1]);
        check("/exceptions", |it| it.exceptions = vec![it.exceptions[0]; EXCEPTIONS_MAX + 1]);
        check("/seats", |it| it.seats = SEATS_MAX + 1);
        check("/fields/0", |it| it.fields = vec![" ".into()]);
        check("/languages", |it| it.languages = vec!["en".into(); LANGUAGES_MAX + 1]);
        assert_eq!(paris(TUESDAYS, "[]").check(), Ok(()));
    }

    #[test]
    fn windows_that_touch_do_not_overlap() {
        let touching = r#"[{"weekday": "tue", "from": "18:00", "to": "19:00"},
                           {"weekday": "tue", "from": "19:00", "to": "24:00"},
                           {"weekday": "wed", "from": "18:00", "to": "19:00"}]"#;
        assert_eq!(paris(touching, "[]").check(), Ok(()));
    }

    #[test]
    fn unknown_words_and_fields_are_refused() {
        for text in [
            r#"{"weekday": "tue", "from": "18:00", "to": "24:01"}"#,
            r#"{"weekday": "Tue", "from": "18:00", "to": "21:00"}"#,
            r#"{"weekday": "tue", "from": "24:00", "to": "24:00"}"#,
            r#"{"weekday": "tue", "from": "18:00", "to": "21:00", "note": ""}"#,
        ] {
            assert!(serde_json::from_str::<Window>(text).is_err(), "{text}");
        }
    }
}
