//! What the decision about an award looks at, gathered from the other topics.

use super::{AwardedSkill, Earned, Evidence, Partner};
use crate::catalog::Validity;
use crate::digest::Sha256Hex;
use crate::id::{DefenseId, DegreeId, EditionId, EnrollmentId, PersonId, ProjectId, SubmissionId};
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

/// An accreditation of the edition, and while it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accreditation {
    /// Level of the European Qualifications Framework, 1 to 8.
    pub eqf_level: u8,
    /// When it counts.
    pub validity: Validity,
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
    /// Every accreditation of the edition, past and coming ones too.
    pub accreditations: Vec<Accreditation>,
    /// Every recognition of the edition, past and coming ones too.
    pub recognitions: Vec<Recognition>,
    /// Every agreement of the edition's partners, past and coming ones too.
    pub agreements: Vec<Agreement>,
    /// Every skill of the edition, in its order.
    pub skills: Vec<SkillFacts>,
    /// Every project of the edition, in its order.
    pub projects: Vec<ProjectFacts>,
}

impl SkillFacts {
    /// The skill as the award names it, by what shows it.
    pub(super) fn awarded(self) -> AwardedSkill {
        let earned = match self.proof {
            Proof::Recognized => Earned::Recognized,
            Proof::Missing | Proof::Verdict { .. } => Earned::Acquired,
        };
        AwardedSkill { earned, ..self.skill }
    }
}

impl DefenseFacts {
    /// What the award keeps of it, if nothing is missing.
    pub(super) fn evidence(&self, project: &ProjectId) -> Option<Evidence> {
        let recording_sha256 = match &self.recording {
            RecordingFacts::Missing => return None,
            RecordingFacts::Verified { sha256 } => Some(*sha256),
            RecordingFacts::Waived => None,
        };
        Some(Evidence {
            project: project.clone(),
            submission: self.submission,
            manifest_sha256: self.manifest_sha256?,
            defense: self.defense,
            recording_sha256,
        })
    }
}
