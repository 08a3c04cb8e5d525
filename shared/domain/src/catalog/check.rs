//! What makes a catalog wrong: every fault at once, each with its place and its reason.
//!
//! Some rules hold for every line that is written (`lists`); the publish gate (`gate`) holds
//! for an edition that students may enroll on, so that a draft can be kept half finished.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Catalog, CourseRef, Edition, EditionState, Language, Validity};
use crate::id::SkillId;
use crate::money::Currency;

mod gate; // what a published edition must have
mod lists; // what each list must keep to
mod tariffs; // what every tariff must keep to

pub use gate::{COURSES_MAX, COURSES_MIN};

/// A fault in a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("{path}: {reason}")]
pub struct CatalogError {
    /// JSON pointer to the value at fault, such as `/editions/0/skills/3`.
    pub path: String,
    /// What is wrong with it.
    #[serde(flatten)]
    pub reason: Reason,
}

/// What kind of thing a reference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the catalog's own words
pub enum Kind {
    Degree,
    Edition,
    Course,
    Project,
    Skill,
    Partner,
}

/// What is wrong in a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Reason {
    /// Something else has this word (and version, where it has versions).
    #[error("{id} is there already, at {first}")]
    Duplicate {
        /// The word, with its version where it has one.
        id: String,
        /// JSON pointer to the first one.
        first: String,
    },
    /// Nothing has this word.
    #[error("there is no {kind} {id}")]
    Unknown {
        /// What was meant.
        kind: Kind,
        /// The word that names nothing.
        id: String,
    },
    /// A published edition has too few courses, or too many.
    #[error("{found} courses, where an edition has {COURSES_MIN} to {COURSES_MAX}")]
    CourseCount {
        /// How many it lists.
        found: usize,
    },
    /// A published edition has not as many projects as its degree says.
    #[error("{found} projects, where the degree says {expected}")]
    ProjectCount {
        /// How many it lists.
        found: usize,
        /// How many the degree says.
        expected: usize,
    },
    /// No project of the edition judges this skill of it.
    #[error("no project of the edition judges {skill}")]
    SkillWithoutProject {
        /// The skill.
        skill: SkillId,
    },
    /// A project of the edition judges skills that the edition does not list.
    #[error("the project judges skills that the edition does not list: {}", listed(.skills))]
    SkillsOutsideEdition {
        /// The skills.
        skills: Vec<SkillId>,
    },
    /// A project of the edition judges skills that an earlier one of it judges already.
    #[error("an earlier project of the edition judges already: {}", listed(.skills))]
    SkillsJudgedBefore {
        /// The skills.
        skills: Vec<SkillId>,
    },
    /// The market's recruiters call skills essential that the edition does not teach.
    #[error("recruiters of this market call essential what the edition lacks: {}", listed(.skills))]
    MissingSkills {
        /// The skills, in order.
        skills: Vec<SkillId>,
    },
    /// No accreditation is written for a published edition.
    #[error("the edition is published, and nothing accredits it")]
    NoAccreditation,
    /// A published edition's market has no price.
    #[error("the edition is published, and its market has no price")]
    NoPrice,
    /// No legal entity of the school invoices in a published edition's market.
    #[error("the edition is published, and nobody issues invoices in its market")]
    NoIssuer,
    /// A market's price is in another currency than its invoices.
    #[error("invoices of this market are in {expected}")]
    OtherCurrency {
        /// What the price should be in.
        expected: Currency,
    },
    /// No legal entity of the school pays anybody in this market.
    #[error("no legal entity of the school pays in this market")]
    NoPayer,
    /// A published edition is published in no language.
    #[error("the edition is published, and none of its languages is")]
    NoLanguage,
    /// Something in a published edition is not written in one of its published languages.
    #[error("there is no text in {language}, in which an edition is published")]
    NoText {
        /// Which language.
        language: Language,
    },
    /// A criterion shows a skill that its project does not judge.
    #[error("the project does not judge {skill}")]
    SkillOutsideProject {
        /// The skill.
        skill: SkillId,
    },
    /// A project has a skill that none of its criteria shows.
    #[error("no criterion shows {skill}")]
    NoCriterion {
        /// The skill.
        skill: SkillId,
    },
    /// Two prices of one market would be quoted on the same date.
    #[error("{second} overlaps {first}, of version {first_version}, in the same market")]
    PricesOverlap {
        /// The earlier entry's dates.
        first: Validity,
        /// The earlier entry's version.
        first_version: u32,
        /// This entry's dates.
        second: Validity,
    },
    /// A market is billed in one currency.
    #[error("{found}, where the market's other prices are in {expected}")]
    Currency {
        /// This price's currency.
        found: Currency,
        /// The currency of the market's first price.
        expected: Currency,
    },
    /// The dates hold on no day.
    #[error("the end, {until}, is not after the start, {from}")]
    EndsBeforeItStarts {
        /// The first date.
        from: Date,
        /// The first date after it.
        until: Date,
    },
    /// A number nobody could keep.
    #[error("expected {expected}")]
    OutOfRange {
        /// What would be accepted.
        expected: String,
    },
    /// A list that needs an entry has none.
    #[error("expected at least one entry")]
    Empty,
    /// A line without words.
    #[error("expected a text")]
    Blank,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Degree => "degree",
            Self::Edition => "edition",
            Self::Course => "course",
            Self::Project => "project",
            Self::Skill => "skill",
            Self::Partner => "partner",
        })
    }
}

fn listed(skills: &[SkillId]) -> String {
    Vec::from_iter(skills.iter().map(SkillId::as_str)).join(", ")
}

/// `html@2`: how a word with a version is named in a refusal.
fn versioned(id: impl fmt::Display, version: u32) -> String {
    format!("{id}@{version}")
}

impl CourseRef {
    fn word(&self) -> String {
        versioned(&self.id, self.version)
    }
}

impl Catalog {
    /// Everything that is wrong with it; nothing is wrong when the list is empty.
    pub fn check(&self) -> Vec<CatalogError> {
        let mut faults = Faults::default();
        lists::check(self, &mut faults);
        tariffs::check(self, &mut faults);
        for (index, edition) in self.editions.iter().enumerate() {
            if edition.state == EditionState::Published {
                gate::check(self, edition, &format!("/editions/{index}"), &mut faults);
            }
        }
        faults.0
    }

    /// What keeps an edition from being published, whatever its state; paths begin at the edition,
    /// or at the catalog where a text in one of the edition's languages is missing.
    pub fn publish_gate(&self, edition: &Edition) -> Vec<CatalogError> {
        let published = Edition { state: EditionState::Published, ..edition.clone() };
        let mut faults = Faults::default();
        gate::check(self, &published, "", &mut faults);
        faults.0
    }
}

/// Faults found so far.
#[derive(Default)]
struct Faults(Vec<CatalogError>);

impl Faults {
    fn add(&mut self, path: impl Into<String>, reason: Reason) {
        let fault = CatalogError { path: path.into(), reason };
        // Editions share courses and projects, and with them what is missing there.
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    fn add_unless(&mut self, fine: bool, path: impl Into<String>, reason: impl FnOnce() -> Reason) {
        if !fine {
            self.add(path, reason());
        }
    }
}

#[cfg(test)]
mod tests;
