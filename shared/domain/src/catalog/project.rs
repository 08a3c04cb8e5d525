//! Projects, the skills they are judged by, and what a mentor looks for in the work.

use serde::{Deserialize, Serialize};

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
    /// The skills that its defense judges.
    pub skills: Vec<SkillId>,
    /// What the student is asked to make.
    pub brief: Text,
    /// What the mentor looks for in the work.
    pub criteria: Vec<Criterion>,
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
