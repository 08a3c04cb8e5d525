//! The one function behind quote, forecast and explanation: months and cost of a student's path.
//!
//! What changes the path (recognized skills, hours a week) changes all three, and nothing else does.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::catalog::{Project, Prospectus};
use crate::id::{ProjectId, SkillId};
use crate::money::{Money, MoneyError};
use crate::months::{ExactMonths, Months};

mod explanation; // the way from the nominal path to the total, line by line

pub use explanation::{Line, MonthsChange, Reason};

/// The hours of study that anyone can plan for a week.
pub const HOURS_PER_WEEK: RangeInclusive<u32> = 1..=60;

/// A nominal path of so many months: what [`P10_MONTHS`] and [`P90_MONTHS`] are measured on.
pub const RANGE_MONTHS: u32 = 12;
/// Months in which the fastest tenth ends a path of [`RANGE_MONTHS`], until a pace is observed.
/// Source: OpenClassrooms' co-founder, interview of 2016: "12 months; 10 or 14 for others".
pub const P10_MONTHS: u32 = 10;
/// Months in which all but the slowest tenth end it. Source: as [`P10_MONTHS`].
pub const P90_MONTHS: u32 = 14;

/// A student's path through an edition: how long, for how much, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What is left of each project, in the edition's order.
    pub projects: Vec<ProjectPlan>,
    /// The whole path at the planned hours a week.
    pub months: Months,
    /// How long it takes the fast and the slow.
    pub range: Range,
    /// For a month begun.
    pub monthly_price: Money,
    /// For all months begun.
    pub total: Money,
    /// How the nominal path became this one; the lines sum to `months` and `total`.
    pub explanation: Vec<Line>,
}

/// What is left of a project after earlier learning is recognized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectPlan {
    /// Which.
    pub project: ProjectId,
    /// How long it still takes at the nominal pace, to the hundredth; the path adds up what is exact.
    pub remaining: Months,
    /// The skills that its defense covers; without any, the project is exempted.
    pub skills: Vec<SkillId>,
}

/// How long a path takes, by tenths of those who walk it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// One in ten is faster.
    pub p10: Months,
    /// Half are faster.
    pub p50: Months,
    /// One in ten is slower.
    pub p90: Months,
}

/// What a student brings: the facts that a plan depends on besides the edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish<'a> {
    /// Skills from earlier learning that need no proof.
    pub recognized_skills: &'a [SkillId],
    /// Hours of study for a week.
    pub hours_per_week: u32,
}

/// Why nothing can be planned.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// Nobody studies so many hours, or none.
    #[error("expected {} to {} hours per week", HOURS_PER_WEEK.start(), HOURS_PER_WEEK.end())]
    HoursPerWeek,
    /// The edition has no such skill.
    #[error("{skill} is not a skill of this edition")]
    UnknownSkill {
        /// Its place among the recognized skills.
        index: usize,
        /// The skill.
        skill: SkillId,
    },
    /// The price is too large to be added up.
    #[error(transparent)]
    Price(#[from] MoneyError),
}

impl PlanError {
    /// JSON pointer to the field at fault, as in the body of a quote.
    pub fn pointer(&self) -> String {
        match self {
            Self::HoursPerWeek => "/hours_per_week".into(),
            Self::UnknownSkill { index, .. } => format!("/recognized_skills/{index}"),
            Self::Price(_) => "/edition".into(),
        }
    }
}

impl ProjectPlan {
    /// What is left of a project: its nominal months are shared equally by its skills.
    fn of(project: &Project, recognized: &BTreeSet<&SkillId>) -> Self {
        let left = project.skills.iter().filter(|skill| !recognized.contains(skill));
        let skills = Vec::from_iter(left.cloned());
        let remaining = share(project, &skills).rounded();
        Self { project: project.id.clone(), remaining, skills }
    }

    /// Whether nothing is left to be made or defended.
    pub fn is_exempted(&self) -> bool {
        self.skills.is_empty()
    }
}

/// The share of a project's nominal months that some of its skills have, exact: thirds of several
/// projects add up to whole months.
fn share(project: &Project, skills: &[SkillId]) -> ExactMonths {
    let count = |skills: &[SkillId]| u32::try_from(skills.len()).unwrap_or(u32::MAX);
    ExactMonths::from(project.nominal_months).times(count(skills), count(&project.skills))
}

impl Plan {
    /// The plan for a student who brings this, at this price for a month.
    ///
    /// Months are what is left of the nominal path, times nominal hours by planned hours; each
    /// month begun is owed. Lengths are exact until the sum is rounded to the hundredth. It fails on hours nobody studies and on skills of another edition.
    pub fn new(prospectus: &Prospectus, monthly_price: Money, wish: &Wish<'_>) -> Result<Self, PlanError> {
        if !HOURS_PER_WEEK.contains(&wish.hours_per_week) {
            return Err(PlanError::HoursPerWeek);
        }
        let known = &prospectus.edition.skills;
        if let Some(index) = wish.recognized_skills.iter().position(|skill| !known.contains(skill)) {
            return Err(PlanError::UnknownSkill { index, skill: wish.recognized_skills[index].clone() });
        }
        let recognized = BTreeSet::from_iter(wish.recognized_skills);
        let each = prospectus.projects.iter().map(|project| ProjectPlan::of(project, &recognized));
        let projects = Vec::from_iter(each);
        let shares = prospectus.projects.iter().zip(&projects).map(|(of, left)| share(of, &left.skills));
        let remaining = shares.fold(ExactMonths::ZERO, ExactMonths::plus);
        let months =
            remaining.times(prospectus.edition.nominal_hours_per_week, wish.hours_per_week).rounded();
        let total = monthly_price.times(months.started())?;
        let explanation = explanation::lines(prospectus, &projects, wish, months, monthly_price)?;
        Ok(Self { projects, months, range: Range::around(months), monthly_price, total, explanation })
    }
}

impl Range {
    /// The range around a path of so many months, until a pace is observed.
    fn around(months: Months) -> Self {
        Self {
            p10: months.scaled(P10_MONTHS, RANGE_MONTHS),
            p50: months,
            p90: months.scaled(P90_MONTHS, RANGE_MONTHS),
        }
    }
}

#[cfg(test)]
mod tests;
