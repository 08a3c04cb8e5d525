//! Projects, the skills they are judged by, and what a mentor looks for in the work.

use std::fmt;

use serde::{Deserialize, Serialize};

use thiserror::Error;

use super::Text;
use crate::id::{CriterionId, ProjectId, SkillId};
use crate::months::Months;

/// What is learned and judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skill {
    /// The author's word for it.
    pub id: SkillId,
    /// What students and recruiters read.
    pub label: Text,
    /// Its URI in ESCO, the European classification of skills, where it has one.
    pub esco: Option<String>,
}

/// One of the works a degree is earned by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// The author's word for it.
    pub id: ProjectId,
    /// What students see.
    pub title: Text,
    /// How long it takes at the edition's nominal pace, shared equally by its skills.
    pub nominal_months: Months,
    /// How much a mentor or juror of it has to know: what they are paid by.
    #[serde(default)]
    pub level: Level,
    /// The skills that its defense judges.
    pub skills: Vec<SkillId>,
    /// What the student is asked to make.
    pub brief: Text,
    /// What the mentor looks for in the work.
    pub criteria: Vec<Criterion>,
}

/// How hard a project is to mentor and to judge: 1, 2 or 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Level(u8);

/// The number is no level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a level: 1, 2 or 3")]
pub struct InvalidLevel;

impl Level {
    /// Every level, the easiest first.
    pub const ALL: [Self; 3] = [Self(1), Self(2), Self(Self::MAX)];

    /// The number of the highest.
    pub const MAX: u8 = 3;
}

/// A project is of the first level unless its author says otherwise.
impl Default for Level {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<u8> for Level {
    type Error = InvalidLevel;

    fn try_from(number: u8) -> Result<Self, InvalidLevel> {
        Self::ALL.into_iter().find(|level| level.0 == number).ok_or(InvalidLevel)
    }
}

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        level.0
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One thing that a mentor looks for in a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// The author's word for it, within the project.
    pub id: CriterionId,
    /// The skill it shows.
    pub skill: SkillId,
    /// What must be seen.
    pub text: Text,
}

/// Where ESCO's skills are named: what every [`Skill::esco`] begins with.
pub const ESCO_SKILL: &str = "http://data.europa.eu/esco/skill/";
