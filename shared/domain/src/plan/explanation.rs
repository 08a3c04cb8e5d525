//! Why a path is as long as it is: each step from the nominal path to what is owed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ProjectPlan, Wish, share};
use crate::catalog::Prospectus;
use crate::id::{ProjectId, SkillId};
use crate::money::{Money, MoneyError};
use crate::months::{ExactMonths, InvalidMonths, Months};

/// A step of the explanation: what it adds to the months and to the amount, or takes away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What the step is about.
    #[serde(flatten)]
    pub reason: Reason,
    /// Months added, or taken away.
    pub months: MonthsChange,
    /// Money added, or taken away.
    pub amount: Money,
}

/// What a step of the explanation is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Reason {
    /// All projects at the edition's nominal pace: where every explanation begins.
    NominalPath,
    /// Every skill of a project is recognized.
    ProjectExempted {
        /// Which project.
        project: ProjectId,
        /// Its skills.
        skills: Vec<SkillId>,
    },
    /// Some skills of a project are recognized; its defense covers the others.
    ProjectShortened {
        /// Which project.
        project: ProjectId,
        /// The recognized ones.
        skills: Vec<SkillId>,
    },
    /// More or fewer hours a week than the nominal pace.
    Pace {
        /// The edition's.
        nominal_hours_per_week: u32,
        /// The student's.
        hours_per_week: u32,
    },
    /// The last month is begun, and owed in full.
    StartedMonth,
}

/// A difference in months, written `"-2.0"` or `"12.0"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthsChange {
    hundredths: i64,
}

impl MonthsChange {
    /// The way from one length to another.
    pub fn between(before: Months, after: Months) -> Self {
        Self { hundredths: i64::from(after.as_hundredths()) - i64::from(before.as_hundredths()) }
    }

    /// The difference in hundredths of a month.
    pub const fn as_hundredths(self) -> i64 {
        self.hundredths
    }
}

impl fmt::Display for MonthsChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.hundredths < 0 { "-" } else { "" };
        let size = u32::try_from(self.hundredths.unsigned_abs()).unwrap_or(u32::MAX);
        write!(f, "{sign}{}", Months::hundredths(size))
    }
}

impl FromStr for MonthsChange {
    type Err = InvalidMonths;

    fn from_str(text: &str) -> Result<Self, InvalidMonths> {
        let (size, sign) = text.strip_prefix('-').map_or((text, 1), |size| (size, -1));
        let size = size.parse::<Months>()?;
        Ok(Self { hundredths: sign * i64::from(size.as_hundredths()) })
    }
}

impl TryFrom<String> for MonthsChange {
    type Error = InvalidMonths;

    fn try_from(text: String) -> Result<Self, InvalidMonths> {
        text.parse()
    }
}

impl From<MonthsChange> for String {
    fn from(change: MonthsChange) -> Self {
        change.to_string()
    }
}

/// The steps from the nominal path to `months`, and from there to every month begun.
pub(super) fn lines(
    prospectus: &Prospectus,
    plans: &[ProjectPlan],
    wish: &Wish<'_>,
    months: Months,
    monthly_price: Money,
) -> Result<Vec<Line>, MoneyError> {
    // The path with the first so many projects as they are left, the others at their nominal length.
    let path = |reduced: usize| {
        let each = prospectus.projects.iter().zip(plans).enumerate();
        let lengths = each.map(|(index, (project, plan))| {
            let skills = if index < reduced { &plan.skills } else { &project.skills };
            share(project, skills)
        });
        lengths.fold(ExactMonths::ZERO, ExactMonths::plus).rounded()
    };
    let mut steps = Steps {
        monthly_price,
        at: Months::ZERO,
        owed: Money::zero(monthly_price.currency),
        lines: Vec::new(),
    };
    steps.to(Reason::NominalPath, path(0))?;
    for (index, (project, plan)) in prospectus.projects.iter().zip(plans).enumerate() {
        let recognized = project.skills.iter().filter(|skill| !plan.skills.contains(skill));
        let skills = Vec::from_iter(recognized.cloned());
        if skills.is_empty() {
            continue;
        }
        let id = project.id.clone();
        let reason = if plan.is_exempted() {
            Reason::ProjectExempted { project: id, skills }
        } else {
            Reason::ProjectShortened { project: id, skills }
        };
        steps.to(reason, path(index + 1))?;
    }
    let nominal_hours_per_week = prospectus.edition.nominal_hours_per_week;
    if wish.hours_per_week != nominal_hours_per_week {
        let hours_per_week = wish.hours_per_week;
        steps.to(Reason::Pace { nominal_hours_per_week, hours_per_week }, months)?;
    }
    steps.round_up()?;
    Ok(steps.lines)
}

/// A walk along the steps: what each line changes is the difference to where the last one ended.
struct Steps {
    monthly_price: Money,
    at: Months,
    owed: Money,
    lines: Vec<Line>,
}

impl Steps {
    fn to(&mut self, reason: Reason, months: Months) -> Result<(), MoneyError> {
        self.push(reason, months, part(self.monthly_price, months)?)
    }

    /// The last step: from the exact length to every month begun, if that is more.
    fn round_up(&mut self) -> Result<(), MoneyError> {
        let total = self.monthly_price.times(self.at.started())?;
        if total == self.owed { Ok(()) } else { self.push(Reason::StartedMonth, self.at, total) }
    }

    fn push(&mut self, reason: Reason, months: Months, owed: Money) -> Result<(), MoneyError> {
        let amount = owed.minus(self.owed)?;
        self.lines.push(Line { reason, months: MonthsChange::between(self.at, months), amount });
        (self.at, self.owed) = (months, owed);
        Ok(())
    }
}

/// The price of a length in months to the hundredth, before months begun are rounded up.
fn part(monthly_price: Money, months: Months) -> Result<Money, MoneyError> {
    let hundredfold = monthly_price.times(months.as_hundredths())?;
    Ok(Money::minor(hundredfold.amount_minor / 100, hundredfold.currency))
}
