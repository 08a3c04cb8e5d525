//! What of an availability can be kept.

use std::ops::Range;

use jiff::Timestamp;
use thiserror::Error;

use super::{Availability, Window};
use crate::link::{LINK_CHARS_MAX, is_https};
use crate::person::{LANGUAGES_MAX, LINE_CHARS_MAX};
use crate::time::InvalidTime;

/// The most windows in a week: seven a day, more than anyone keeps.
pub const WINDOWS_MAX: usize = 49;
/// The most dates that differ: one for each day of a year.
pub const EXCEPTIONS_MAX: usize = 366;
/// The most holidays that are known at a time.
pub const HOLIDAYS_MAX: usize = 50;
/// The most students one mentor may offer to take: more than a full week of sessions.
pub const SEATS_MAX: u32 = 100;
/// The most fields a person names.
pub const FIELDS_MAX: usize = 20;
/// The highest level of a project.
pub const LEVEL_MAX: u8 = crate::catalog::Level::MAX;

/// Why an availability cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AvailabilityError {
    /// It ends before it begins.
    #[error("the end must lie behind the start")]
    Backwards {
        /// JSON pointer to the end.
        pointer: String,
    },
    /// Two windows of a weekday, two exceptions of a date or two holidays share a time.
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
    /// A time of an exception that the clocks jump over that day, or show twice.
    #[error("{reason}")]
    Time {
        /// JSON pointer to the time.
        pointer: String,
        /// Why it has no single instant.
        reason: InvalidTime,
    },
    /// Too many.
    #[error("expected at most {max}")]
    Count {
        /// JSON pointer to the list or number.
        pointer: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// No project has that level.
    #[error("expected levels from 1 to {LEVEL_MAX}")]
    ProjectLevel,
    /// A word is empty, too long, or has control characters.
    #[error("expected 1 to {LINE_CHARS_MAX} characters without control characters")]
    Line {
        /// JSON pointer to the word.
        pointer: String,
    },
    /// The room's address is none that somebody could be sent to.
    #[error(
        "expected an https address of at most {LINK_CHARS_MAX} characters, without a user or password in it"
    )]
    VideoLink,
}

impl AvailabilityError {
    /// JSON pointer to the field at fault.
    pub fn pointer(&self) -> &str {
        match self {
            Self::Backwards { pointer }
            | Self::Overlap { pointer, .. }
            | Self::HalfOpen { pointer }
            | Self::Time { pointer, .. }
            | Self::Line { pointer } => pointer,
            Self::Count { pointer, .. } => pointer,
            Self::ProjectLevel => "/project_levels",
            Self::VideoLink => "/video_link",
        }
    }
}

impl Availability {
    /// Whether it can be kept as the person wrote it.
    pub fn check(&self) -> Result<(), AvailabilityError> {
        let count = |pointer, found: usize, max: usize| {
            if found <= max { Ok(()) } else { Err(AvailabilityError::Count { pointer, max }) }
        };
        count("/weekly", self.weekly.len(), WINDOWS_MAX)?;
        count("/exceptions", self.exceptions.len(), EXCEPTIONS_MAX)?;
        count("/holidays", self.holidays.len(), HOLIDAYS_MAX)?;
        count("/seats", self.seats as usize, SEATS_MAX as usize)?;
        count("/fields", self.fields.len(), FIELDS_MAX)?;
        count("/languages", self.languages.len(), LANGUAGES_MAX)?;
        if !self.project_levels.iter().all(|level| (1..=LEVEL_MAX).contains(level)) {
            return Err(AvailabilityError::ProjectLevel);
        }
        let windows = self.weekly.iter().map(|window| (window.weekday, window.span()));
        check_spans("/weekly", "to", &Vec::from_iter(windows))?;
        check_spans("/exceptions", "to", &self.exception_spans()?)?;
        let holidays = self.holidays.iter().map(|holiday| {
            let behind = holiday.last_on.tomorrow().unwrap_or(holiday.last_on);
            ((), holiday.first_on..behind)
        });
        check_spans("/holidays", "last_on", &Vec::from_iter(holidays))?;
        check_words("/fields", self.fields.iter())?;
        check_words("/languages", self.languages.iter().map(|spoken| &spoken.language))?;
        match &self.video_link {
            Some(link) if !is_https(link) => Err(AvailabilityError::VideoLink),
            _ => Ok(()),
        }
    }

    /// From and up to which instant each exception lasts.
    fn exception_spans(&self) -> Result<Vec<Undated>, AvailabilityError> {
        let spans = self.exceptions.iter().enumerate().map(|(index, exception)| {
            let pointer = format!("/exceptions/{index}");
            if exception.from.is_some() != exception.to.is_some() {
                return Err(AvailabilityError::HalfOpen { pointer });
            }
            let bounds = exception.bounds(&self.time_zone).map_err(|(end, reason)| AvailabilityError::Time {
                pointer: format!("{pointer}/{end}"),
                reason,
            });
            bounds.map(|(from, to)| ((), from..to))
        });
        spans.collect()
    }
}

/// A span that overlaps others whatever their day.
type Undated = ((), Range<Timestamp>);

impl Window {
    /// Minutes of its day.
    fn span(&self) -> Range<u16> {
        self.from.minute()..self.to.minute()
    }
}

/// Refuses a span that ends before it begins, and two of one day that share a time.
fn check_spans<Day: PartialEq, T: PartialOrd>(
    list: &str,
    end: &str,
    spans: &[(Day, Range<T>)],
) -> Result<(), AvailabilityError> {
    for (index, (day, span)) in spans.iter().enumerate() {
        if span.is_empty() {
            return Err(AvailabilityError::Backwards { pointer: format!("{list}/{index}/{end}") });
        }
        let shared = |(other_day, other): &(Day, Range<T>)| {
            other_day == day && span.start < other.end && other.start < span.end
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

fn check_words<'a>(list: &str, mut words: impl Iterator<Item = &'a String>) -> Result<(), AvailabilityError> {
    let writable = |word: &String| {
        !word.trim().is_empty()
            && word.chars().count() <= LINE_CHARS_MAX
            && !word.chars().any(char::is_control)
    };
    match words.position(|word| !writable(word)) {
        Some(index) => Err(AvailabilityError::Line { pointer: format!("{list}/{index}") }),
        None => Ok(()),
    }
}
