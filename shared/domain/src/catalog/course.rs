//! A course: about a week of learning, and what it cost to make.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Text;
use crate::id::{CourseId, PartnerId};
use crate::money::{Currency, Money, MoneyError};

/// About a week of learning, in a version; editions share it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// The author's word for it.
    pub id: CourseId,
    /// 1 for the first, then 2, 3, ...
    pub version: u32,
    /// What students see.
    pub title: Text,
    /// Hours that most students need.
    pub hours: u32,
    /// Whose name stands on it beside the school's.
    pub partner: Option<PartnerId>,
    /// What this version cost to make.
    pub production_cost: Money,
    /// Its parts in order, where they are written already.
    #[serde(default)]
    pub units: Vec<Unit>,
}

/// A part of a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// How it is learned.
    pub kind: UnitKind,
    /// What students see.
    pub title: Text,
    /// Minutes that most students need.
    pub minutes: u32,
}

/// How a part of a course is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// By reading.
    Text,
    /// By watching.
    Video,
    /// By answering questions.
    Quiz,
    /// By doing.
    Exercise,
    /// By talking with others.
    Discussion,
}

/// A course in the version that an edition took.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseRef {
    /// Which course.
    pub id: CourseId,
    /// In which version.
    pub version: u32,
}

/// What it cost to make these courses, each version counted once however often it is listed.
pub fn production_cost<'a>(
    currency: Currency,
    courses: impl IntoIterator<Item = &'a Course>,
) -> Result<Money, MoneyError> {
    let mut counted = BTreeSet::new();
    let once = courses.into_iter().filter(|course| counted.insert((&course.id, course.version)));
    Money::sum(currency, once.map(|course| course.production_cost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fixture;

    #[test]
    fn twenty_courses_cost_a_million_however_many_editions_share_them() {
        let catalog = fixture::catalog();
        let shared = catalog.courses.iter().chain(&catalog.courses);
        let million = Money::minor(100_000_000, Currency::Usd);
        assert_eq!(production_cost(Currency::Usd, shared), Ok(million));
    }
}
