//! What the decision about an award looks at, gathered from the other topics.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{AwardedSkill, Evidence, Partner};
use crate::id::{DefenseId, DegreeId, EditionId, EnrollmentId, InvalidId, PersonId, ProjectId, SubmissionId};
use crate::time::Zone;

/// How far an enrollment is, as the award sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Applied, quoted, active, paused or suspended.
    Learning,
    /// Every project is validated or exempted.
    AwardPending,
    /// The degree was awarded.
    Completed,
    /// It ended without.
    Withdrawn,
}

/// From the first day to the first day that no longer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first day.
    pub from: Date,
    /// The first day on which it no longer counts; none while there is no end.
    pub until: Option<Date>,
}

impl Validity {
    /// Whether the day lies within.
    pub fn covers(&self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }
}

/// A country in which the edition's degree is recognized, and while it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognition {
    /// ISO 3166-1 alpha-2, such as `GB`.
    pub country: String,
    /// When it counts.
    pub validity: Validity,
}

/// A partner's agreement to stand on certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Who agreed.
    pub partner: Partner,
    /// When it counts.
    pub validity: Validity,
}

/// How a skill was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Not yet.
    Missing,
    /// By a sealed verdict `acquired`.
    Verdict {
        /// The defense it was given in.
        defense: DefenseId,
    },
    /// By a decided claim of earlier learning.
    Recognized,
}

/// A skill of the edition, and how this student showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillFacts {
    /// The skill as the award will name it.
    pub skill: AwardedSkill,
    /// The project it belongs to.
    pub project: ProjectId,
    /// How it was shown.
    pub proof: Proof,
}

/// What is kept of a defense's recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingFacts {
    /// Nothing that counts.
    Missing,
    /// A verified recording.
    Verified {
        /// Of its bytes.
        sha256: Sha256Hex,
    },
    /// None exists, and a signed waiver says why.
    Waived,
}

/// A held defense whose verdicts count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefenseFacts {
    /// Which.
    pub defense: DefenseId,
    /// The work that was defended.
    pub submission: SubmissionId,
    /// The manifest hash of the sealed submission.
    pub manifest_sha256: Option<Sha256Hex>,
    /// Its recording.
    pub recording: RecordingFacts,
}

/// How a project was passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectOutcome {
    /// All its skills were recognized: there is nothing to show for it.
    Exempted,
    /// By these defenses: the last one, and any earlier one whose acquired skills stay.
    Defended(Vec<DefenseFacts>),
}

/// A project of the edition, and how this student passed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFacts {
    /// Which.
    pub project: ProjectId,
    /// How.
    pub outcome: ProjectOutcome,
}

/// All that the decision looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwardFacts {
    /// The enrollment to be decided.
    pub enrollment: EnrollmentId,
    /// How far it is.
    pub stage: Stage,
    /// Whose calendar says what day it is: the enrollment's zone.
    pub zone: Zone,
    /// The student.
    pub person: PersonId,
    /// The degree.
    pub degree: DegreeId,
    /// Its title in the enrollment's language.
    pub title: String,
    /// The edition it was learned on.
    pub edition: EditionId,
    /// The version of the edition that the enrollment holds.
    pub version: u32,
    /// Level of the European Qualifications Framework, 1 to 8.
    pub eqf_level: u8,
    /// Every recognition of the edition, past and coming ones too.
    pub recognitions: Vec<Recognition>,
    /// Every agreement of the edition's partners, past and coming ones too.
    pub agreements: Vec<Agreement>,
    /// Every skill of the edition, in its order.
    pub skills: Vec<SkillFacts>,
    /// Every project of the edition, in its order.
    pub projects: Vec<ProjectFacts>,
}

impl DefenseFacts {
    /// What the award keeps of it, if nothing is missing.
    pub(super) fn evidence(&self, project: &ProjectId) -> Option<Evidence> {
        let recording_sha256 = match &self.recording {
            RecordingFacts::Missing => return None,
            RecordingFacts::Verified { sha256 } => Some(sha256.clone()),
            RecordingFacts::Waived => None,
        };
        Some(Evidence {
            project: project.clone(),
            submission: self.submission,
            manifest_sha256: self.manifest_sha256.clone()?,
            defense: self.defense,
            recording_sha256,
        })
    }
}

/// A SHA-256, written as 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hex(String);

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Sha256Hex {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidId { expected: "64 lower-case hex digits".into() })
    }
}

impl TryFrom<String> for Sha256Hex {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<Sha256Hex> for String {
    fn from(hash: Sha256Hex) -> Self {
        hash.0
    }
}
