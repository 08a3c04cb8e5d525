//! What a forecast may be: bounds that keep every sum small and every plan quick.

use std::collections::BTreeSet;

use thiserror::Error;

use super::{Course, Forecast, MentorGroup, Mix, Students};

/// Five years: nobody knows more.
const WEEKS_MAX: u16 = 260;
/// More people than there are.
const PEOPLE_MAX: u64 = 10_000_000_000;
/// As many as begin anything in a week.
const PER_WEEK_MAX: u64 = 1_000_000_000;
const WEIGHT_MAX: u64 = 1_000_000;
const CELLS_MAX: usize = 240;
/// The most cells times weeks: what an answer has room for.
const CELL_WEEKS_MAX: usize = 25_000;
/// The most groups of mentors.
pub const GROUPS_MAX: usize = 120;
const STEPS_MAX: usize = 260;
const RECRUIT_STEPS_MAX: usize = 20;
/// The years that a plan may begin in: the calendar goes on behind them.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=9900;
/// As many fields, or languages, as a forecast has cells.
const WORDS_MAX: usize = CELLS_MAX;
const WORD_CHARS_MAX: usize = 60;
const SOURCE_CHARS_MAX: usize = 400;
const PROJECTS_MAX: usize = 12;
const PROJECT_HUNDREDTHS_MAX: u32 = 1_200;
const PER_MILLE: u16 = 1_000;
/// A rate of leaving under which somebody is left after a year.
const LEAVE_PER_MILLE_MAX: u16 = 900;
/// Half the globe.
const REACH_HOURS_MAX: u16 = 12;
const HOURS_A_WEEK_MAX: u16 = 60;
const LEAD_WEEKS_MAX: u16 = 104;
const MINUTES_MAX: u16 = 480;

/// A forecast that nothing can be planned from.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{fault}")]
pub struct InvalidForecast {
    /// JSON pointer to what is wrong.
    pub pointer: String,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a part of a forecast.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// A number is too small or too large.
    #[error("expected a whole number from {min} to {max}")]
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: u64,
    },
    /// A list is too short or too long.
    #[error("expected {min} to {max} entries")]
    Count {
        /// The least.
        min: usize,
        /// The most.
        max: usize,
    },
    /// A word is empty, too long, or has control characters.
    #[error("expected 1 to {max} characters without control characters")]
    Word {
        /// The most characters.
        max: usize,
    },
    /// A first day that is not of this age.
    #[error("expected a date of the years 1900 to 9900")]
    Date,
    /// A project takes no time, or too much.
    #[error("expected \"0.25\" to \"12.0\" months")]
    Months,
    /// Nobody studies and nobody begins.
    #[error("expected `active` students, an `intake`, or both")]
    NoStudents,
    /// Steps do not follow each other.
    #[error("expected a later week than the step before")]
    Order,
    /// The mix is given twice or not at all.
    #[error("expected either `fields` and `places`, or `cells`")]
    NoMix,
    /// No cell has a weight.
    #[error("expected at least one weight above zero")]
    NoWeight,
    /// The same cell, field or place stands there before.
    #[error("it stands there before")]
    Repeated,
    /// More cells and weeks than a plan has room for.
    #[error("expected at most {CELLS_MAX} cells, and at most {CELL_WEEKS_MAX} cells times weeks")]
    TooLarge,
}

type Checked = Result<(), InvalidForecast>;

fn fault<T>(pointer: impl Into<String>, fault: Fault) -> Result<T, InvalidForecast> {
    Err(InvalidForecast { pointer: pointer.into(), fault })
}

fn number(pointer: impl Into<String>, number: impl Into<u64>, min: u32, max: impl Into<u64>) -> Checked {
    let (number, max) = (number.into(), max.into());
    if (u64::from(min)..=max).contains(&number) {
        return Ok(());
    }
    fault(pointer, Fault::Number { min: min.into(), max })
}

fn count(pointer: impl Into<String>, count: usize, min: usize, max: usize) -> Checked {
    if (min..=max).contains(&count) { Ok(()) } else { fault(pointer, Fault::Count { min, max }) }
}

fn word(pointer: impl Into<String>, word: &str, max: usize) -> Checked {
    let fits = !word.trim().is_empty() && word.chars().count() <= max && !word.chars().any(char::is_control);
    if fits { Ok(()) } else { fault(pointer, Fault::Word { max }) }
}

fn source(pointer: &str, source: Option<&String>) -> Checked {
    source.map_or(Ok(()), |text| word(format!("{pointer}/source"), text, SOURCE_CHARS_MAX))
}

impl Forecast {
    /// Whether a plan can be made from it.
    pub fn check(&self) -> Checked {
        if self.starts_on.is_some_and(|date| !YEARS.contains(&date.year())) {
            return fault("/starts_on", Fault::Date);
        }
        number("/weeks", self.weeks, 1, WEEKS_MAX)?;
        self.students.check()?;
        self.course.check()?;
        self.mix.check(usize::from(self.weeks))?;
        let Self { sessions, defenses, mentors, .. } = self;
        number("/sessions/minutes", sessions.minutes, 1, MINUTES_MAX)?;
        number("/sessions/per_week", sessions.per_week, 1, 7_u16)?;
        number("/sessions/overhead_minutes", sessions.overhead_minutes, 0, MINUTES_MAX)?;
        source("/sessions", sessions.source.as_ref())?;
        number("/defenses/minutes", defenses.minutes, 0, MINUTES_MAX)?;
        number("/defenses/overhead_minutes", defenses.overhead_minutes, 0, MINUTES_MAX)?;
        number("/defenses/jurors", defenses.jurors, 0, 5_u16)?;
        source("/defenses", defenses.source.as_ref())?;
        number("/mentors/hours_per_week", mentors.hours_per_week, 1, HOURS_A_WEEK_MAX)?;
        number("/mentors/reach_hours", mentors.reach_hours, 0, REACH_HOURS_MAX)?;
        number("/mentors/lead_weeks", mentors.lead_weeks, 0, LEAD_WEEKS_MAX)?;
        number("/mentors/leave_per_mille_a_year", mentors.leave_per_mille_a_year, 0, LEAVE_PER_MILLE_MAX)?;
        source("/mentors", mentors.source.as_ref())?;
        let groups = self.supply.as_deref().unwrap_or_default();
        count("/supply", groups.len(), 0, GROUPS_MAX)?;
        groups.iter().enumerate().try_for_each(|(index, group)| group.check(&format!("/supply/{index}")))
    }
}

impl Students {
    fn check(&self) -> Checked {
        number("/students/active", self.active, 0, PEOPLE_MAX)?;
        count("/students/intake", self.intake.len(), 0, STEPS_MAX)?;
        source("/students", self.source.as_ref())?;
        if self.active == 0 && self.intake.is_empty() {
            return fault("/students", Fault::NoStudents);
        }
        for (index, step) in self.intake.iter().enumerate() {
            let pointer = format!("/students/intake/{index}");
            number(format!("{pointer}/from_week"), step.from_week, 0, WEEKS_MAX)?;
            number(format!("{pointer}/per_week"), step.per_week, 0, PER_WEEK_MAX)?;
            if index > 0 && self.intake[index - 1].from_week >= step.from_week {
                return fault(format!("{pointer}/from_week"), Fault::Order);
            }
        }
        Ok(())
    }
}

impl Course {
    fn check(&self) -> Checked {
        count("/course/projects", self.projects.len(), 1, PROJECTS_MAX)?;
        for (index, project) in self.projects.iter().enumerate() {
            let pointer = format!("/course/projects/{index}");
            if !(25..=PROJECT_HUNDREDTHS_MAX).contains(&project.months.as_hundredths()) {
                return fault(format!("{pointer}/months"), Fault::Months);
            }
            number(format!("{pointer}/pass_per_mille"), project.pass_per_mille, 0, PER_MILLE)?;
        }
        number("/course/retries_max", self.retries_max, 0, 4_u16)?;
        number("/course/retry_weeks", self.retry_weeks, 1, 26_u16)?;
        number("/course/leave_per_mille_a_year", self.leave_per_mille_a_year, 0, LEAVE_PER_MILLE_MAX)?;
        source("/course", self.source.as_ref())
    }
}

impl Mix {
    fn check(&self, weeks: usize) -> Checked {
        let crossed = !self.fields.is_empty() && !self.places.is_empty();
        let apart = self.fields.is_empty() && self.places.is_empty();
        if crossed != self.cells.is_empty() || !(crossed || apart) {
            return fault("/mix", Fault::NoMix);
        }
        let cells = self.cells.len() + self.fields.len().saturating_mul(self.places.len());
        if cells > CELLS_MAX || cells * weeks > CELL_WEEKS_MAX {
            return fault("/mix", Fault::TooLarge);
        }
        let mut seen = BTreeSet::new();
        for (index, share) in self.fields.iter().enumerate() {
            let pointer = format!("/mix/fields/{index}");
            word(format!("{pointer}/field"), &share.field, WORD_CHARS_MAX)?;
            number(format!("{pointer}/weight"), share.weight, 0, WEIGHT_MAX)?;
            source(&pointer, share.source.as_ref())?;
            if !seen.insert(share.field.as_str()) {
                return fault(format!("{pointer}/field"), Fault::Repeated);
            }
        }
        let mut seen = BTreeSet::new();
        for (index, share) in self.places.iter().enumerate() {
            let pointer = format!("/mix/places/{index}");
            word(format!("{pointer}/language"), &share.language, WORD_CHARS_MAX)?;
            number(format!("{pointer}/weight"), share.weight, 0, WEIGHT_MAX)?;
            source(&pointer, share.source.as_ref())?;
            if !seen.insert((&share.language, share.utc_offset)) {
                return fault(pointer, Fault::Repeated);
            }
        }
        let mut seen = BTreeSet::new();
        for (index, share) in self.cells.iter().enumerate() {
            let pointer = format!("/mix/cells/{index}");
            word(format!("{pointer}/field"), &share.field, WORD_CHARS_MAX)?;
            word(format!("{pointer}/language"), &share.language, WORD_CHARS_MAX)?;
            number(format!("{pointer}/weight"), share.weight, 0, WEIGHT_MAX)?;
            if !seen.insert((&share.field, &share.language, share.utc_offset)) {
                return fault(pointer, Fault::Repeated);
            }
        }
        let (_, weights) = self.cells();
        if weights.iter().all(|weight| *weight == 0) { fault("/mix", Fault::NoWeight) } else { Ok(()) }
    }
}

impl MentorGroup {
    fn check(&self, pointer: &str) -> Checked {
        for (name, words) in [("fields", &self.fields), ("languages", &self.languages)] {
            count(format!("{pointer}/{name}"), words.len(), 1, WORDS_MAX)?;
            for (index, text) in words.iter().enumerate() {
                word(format!("{pointer}/{name}/{index}"), text, WORD_CHARS_MAX)?;
            }
        }
        number(format!("{pointer}/mentors"), self.mentors, 0, PEOPLE_MAX)?;
        if let Some(hours) = self.hours_per_week {
            number(format!("{pointer}/hours_per_week"), hours, 1, HOURS_A_WEEK_MAX)?;
        }
        count(format!("{pointer}/recruits"), self.recruits.len(), 0, RECRUIT_STEPS_MAX)?;
        source(pointer, self.source.as_ref())?;
        for (index, step) in self.recruits.iter().enumerate() {
            let pointer = format!("{pointer}/recruits/{index}");
            let (first, last) = (-i32::from(LEAD_WEEKS_MAX), i32::from(WEEKS_MAX));
            if !(first..=last).contains(&i32::from(step.from_week)) {
                let range = Fault::Number { min: first.into(), max: WEEKS_MAX.into() };
                return fault(format!("{pointer}/from_week"), range);
            }
            number(format!("{pointer}/weeks"), step.weeks, 1, WEEKS_MAX)?;
            number(format!("{pointer}/per_week"), step.per_week, 0, PER_WEEK_MAX)?;
        }
        Ok(())
    }
}
