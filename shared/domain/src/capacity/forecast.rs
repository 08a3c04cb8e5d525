//! What a plan is made from: who will study what, in which language and where, and who is there for them.
//!
//! Counts are people, times are minutes, hours or weeks, rates are per mille. Where a number comes from
//! stands beside it as its `source`.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::band::ZoneBand;
use crate::months::Months;

mod check; // what a forecast may be

pub use check::{Fault, GROUPS_MAX, InvalidForecast};

/// What is expected of the next weeks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// The first day of the first week; without it the plan begins when it is asked for.
    #[serde(default)]
    pub starts_on: Option<Date>,
    /// How many weeks are planned.
    #[serde(default = "two_years")]
    pub weeks: u16,
    /// Who studies, and who begins.
    pub students: Students,
    /// What they go through.
    pub course: Course,
    /// What they study, in which language and where.
    pub mix: Mix,
    /// The weekly meetings with a mentor.
    #[serde(default)]
    pub sessions: Sessions,
    /// The juries.
    #[serde(default)]
    pub defenses: Defenses,
    /// What holds for each mentor.
    #[serde(default)]
    pub mentors: Mentors,
    /// The mentors there are, and those in training. Without it a plan counts nobody, and whoever asks for it
    /// may say [`groups_of`](Self::groups_of) the school's own.
    #[serde(default)]
    pub supply: Option<Vec<MentorGroup>>,
}

/// How many students there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Students {
    /// Who studies before the first week. Without an intake as many study in every week: whoever leaves or
    /// graduates is followed by one who begins.
    #[serde(default)]
    pub active: u64,
    /// Who begins, from which week on.
    #[serde(default)]
    pub intake: Vec<IntakeStep>,
    /// Where the numbers come from.
    #[serde(default)]
    pub source: Option<String>,
}

/// How many begin in each week, until the next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeStep {
    /// The first week that it holds for, from 0.
    pub from_week: u16,
    /// Who begins in each.
    pub per_week: u64,
}

/// What every student goes through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// In order; each ends with a defense.
    pub projects: Vec<Project>,
    /// How often a project that was not passed may be defended again; who fails then leaves.
    pub retries_max: u8,
    /// How many weeks of work come before it is.
    pub retry_weeks: u8,
    /// How many of a thousand who study leave within a year, whatever they pass.
    pub leave_per_mille_a_year: u16,
    /// Where the numbers come from.
    #[serde(default)]
    pub source: Option<String>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// How long it takes, such as `"2.0"`.
    pub months: Months,
    /// How many of a thousand defenses are passed.
    pub pass_per_mille: u16,
}

/// What is studied, in which language and where: either fields and places, which are crossed, or cells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// What is studied.
    #[serde(default)]
    pub fields: Vec<FieldShare>,
    /// In which language, and where.
    #[serde(default)]
    pub places: Vec<PlaceShare>,
    /// Both at once, where what is studied depends on the place.
    #[serde(default)]
    pub cells: Vec<CellShare>,
}

/// A field's share of the students.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldShare {
    /// In the school's words, such as `web-development`.
    pub field: String,
    /// Against the other fields' weights.
    pub weight: u64,
    /// Where the number comes from.
    #[serde(default)]
    pub source: Option<String>,
}

/// A place's share of the students.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceShare {
    /// BCP 47.
    pub language: String,
    /// Where their clocks stand.
    pub utc_offset: ZoneBand,
    /// Against the other places' weights.
    pub weight: u64,
    /// Where the number comes from.
    #[serde(default)]
    pub source: Option<String>,
}

/// A cell's share of the students.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellShare {
    /// In the school's words.
    pub field: String,
    /// BCP 47.
    pub language: String,
    /// Where their clocks stand.
    pub utc_offset: ZoneBand,
    /// Against the other cells' weights.
    pub weight: u64,
}

/// Students whom the same mentors can serve.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Cell {
    /// What they study.
    pub field: String,
    /// In which language, BCP 47.
    pub language: String,
    /// Where their clocks stand.
    pub utc_offset: ZoneBand,
}

/// The weekly meetings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// How long one takes.
    pub minutes: u16,
    /// How many each student has in a week.
    pub per_week: u16,
    /// What a mentor works before and after each: preparation and report.
    pub overhead_minutes: u16,
    /// Where the numbers come from.
    pub source: Option<String>,
}

/// The juries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defenses {
    /// How long one takes.
    pub minutes: u16,
    /// What each juror works before and after it.
    pub overhead_minutes: u16,
    /// How many mentors judge it.
    pub jurors: u16,
    /// Where the numbers come from.
    pub source: Option<String>,
}

/// What holds for each mentor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mentors {
    /// How many hours one gives in a week, sessions and juries together.
    pub hours_per_week: u16,
    /// How far a student's clock may be from a mentor's.
    pub reach_hours: u16,
    /// How many weeks it takes from the first day of training to the first session.
    pub lead_weeks: u16,
    /// How many of a thousand leave within a year.
    pub leave_per_mille_a_year: u16,
    /// Where the numbers come from.
    pub source: Option<String>,
}

/// Mentors who can serve the same students.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MentorGroup {
    /// What each of them can teach.
    pub fields: Vec<String>,
    /// What each of them speaks, BCP 47.
    pub languages: Vec<String>,
    /// Where their clocks stand.
    pub utc_offset: ZoneBand,
    /// How many there are before the first week.
    #[serde(default)]
    pub mentors: u64,
    /// How many hours each gives in a week, where that differs from the others.
    #[serde(default)]
    pub hours_per_week: Option<u16>,
    /// How many minutes, where that was counted and not given.
    #[serde(skip)]
    pub minutes_per_week: Option<u64>,
    /// Who begins training, and when.
    #[serde(default)]
    pub recruits: Vec<RecruitStep>,
    /// Where the numbers come from.
    #[serde(default)]
    pub source: Option<String>,
}

/// Who begins training in some weeks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecruitStep {
    /// The first week, from 0; below zero for those who are in training already.
    pub from_week: i16,
    /// In how many weeks.
    #[serde(default = "once")]
    pub weeks: u16,
    /// How many in each of them.
    pub per_week: u64,
}

const fn two_years() -> u16 {
    104
}

const fn once() -> u16 {
    1
}

impl Default for Sessions {
    fn default() -> Self {
        Self { minutes: 45, per_week: 1, overhead_minutes: 0, source: None }
    }
}

impl Default for Defenses {
    fn default() -> Self {
        Self { minutes: 45, overhead_minutes: 0, jurors: 1, source: None }
    }
}

impl Default for Mentors {
    fn default() -> Self {
        Self { hours_per_week: 10, reach_hours: 3, lead_weeks: 12, leave_per_mille_a_year: 100, source: None }
    }
}

impl Students {
    /// How many begin in a week.
    pub(super) fn begin_in(&self, week: usize) -> u64 {
        let step = self.intake.iter().rfind(|step| usize::from(step.from_week) <= week);
        step.map_or(0, |step| step.per_week)
    }
}

impl Sessions {
    /// What each student takes of mentors in a week.
    pub(super) fn minutes_a_week(&self) -> u64 {
        u64::from(self.per_week) * (u64::from(self.minutes) + u64::from(self.overhead_minutes))
    }
}

impl Defenses {
    /// What each defense takes of jurors.
    pub(super) fn minutes_each(&self) -> u64 {
        u64::from(self.jurors) * (u64::from(self.minutes) + u64::from(self.overhead_minutes))
    }
}

impl Mentors {
    /// What one gives in a week.
    pub(super) fn minutes_a_week(&self) -> u64 {
        u64::from(self.hours_per_week) * 60
    }
}

impl Mix {
    /// What is studied.
    pub fn fields(&self) -> BTreeSet<&str> {
        let crossed = self.fields.iter().map(|share| share.field.as_str());
        crossed.chain(self.cells.iter().map(|share| share.field.as_str())).collect()
    }

    /// In which languages.
    pub(super) fn languages(&self) -> BTreeSet<&str> {
        let crossed = self.places.iter().map(|share| share.language.as_str());
        crossed.chain(self.cells.iter().map(|share| share.language.as_str())).collect()
    }

    /// Every cell with its weight.
    pub(super) fn cells(&self) -> (Vec<Cell>, Vec<u64>) {
        let crossed = self.fields.iter().flat_map(|field| {
            self.places.iter().map(move |place| {
                let (language, utc_offset) = (place.language.clone(), place.utc_offset);
                (Cell { field: field.field.clone(), language, utc_offset }, field.weight * place.weight)
            })
        });
        let given = self.cells.iter().map(|cell| {
            let CellShare { field, language, utc_offset, weight } = cell.clone();
            (Cell { field, language, utc_offset }, weight)
        });
        crossed.chain(given).unzip()
    }
}
