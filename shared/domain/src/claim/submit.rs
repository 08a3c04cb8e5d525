//! What a student may claim, and with what.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::evidence::Place;
use super::{ClaimRefused, ClaimState, ClaimedSkill, EVIDENCE_MAX, PriorLearningClaim, SentEvidence};
use crate::attempt::Attempt;
use crate::catalog::Prospectus;
use crate::enrollment::Enrollment;
use crate::id::{SkillId, UploadId};
use crate::upload::Upload;

/// The most claims of one enrollment, so that they are read at once.
pub const CLAIMS_MAX: u32 = 50;

/// What a student claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Skills with what proves each.
    pub skills: Vec<(SkillId, Vec<SentEvidence>)>,
}

/// Where a student stands, as far as claims are concerned.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// The edition's version that the student enrolled on.
    pub prospectus: &'a Prospectus,
    /// The place on it.
    pub enrollment: &'a Enrollment,
    /// All projects of the path; none before the enrollment is active.
    pub attempts: &'a [Attempt],
}

impl Standing<'_> {
    /// The attempt at the project that a skill is judged in.
    pub(super) fn attempt(&self, skill: &SkillId) -> Option<&Attempt> {
        let project = self.prospectus.projects.iter().find(|project| project.skills.contains(skill))?;
        self.attempts.iter().find(|attempt| attempt.project == project.id)
    }
}

impl ClaimRequest {
    /// The files it names, to be read before it is submitted.
    pub fn uploads(&self) -> impl Iterator<Item = UploadId> + '_ {
        self.skills.iter().flat_map(|(_, evidence)| evidence).filter_map(|sent| match sent {
            SentEvidence::Upload(id) => Some(*id),
            SentEvidence::Url(_) => None,
        })
    }

    /// Whether it can be a claim on an edition: its skills, each once, none without evidence.
    pub fn check(&self, prospectus: &Prospectus) -> Result<(), ClaimRefused> {
        if self.skills.is_empty() {
            return Err(ClaimRefused::NoSkills);
        }
        let mut named = BTreeSet::new();
        for (index, (skill, evidence)) in self.skills.iter().enumerate() {
            let skill_of = || skill.clone();
            if !prospectus.edition.skills.contains(skill) {
                return Err(ClaimRefused::UnknownSkill { index, skill: skill_of() });
            }
            if !named.insert(skill) {
                return Err(ClaimRefused::SkillTwice { index, skill: skill_of() });
            }
            if evidence.is_empty() {
                return Err(ClaimRefused::EvidenceMissing { index, skill: skill_of() });
            }
        }
        let pieces = self.skills.iter().map(|(_, evidence)| evidence.len()).sum::<usize>();
        if pieces > EVIDENCE_MAX { Err(ClaimRefused::TooMuchEvidence { pieces }) } else { Ok(()) }
    }
}

impl PriorLearningClaim {
    /// Claims skills that nothing has shown yet.
    ///
    /// `earlier` are all claims of the enrollment so far: their number makes the id, so that of two
    /// claims at once one is made, and no skill stands in two that are undecided. `uploads` are the
    /// files that the request names.
    pub fn submit(
        request: &ClaimRequest,
        uploads: &BTreeMap<UploadId, Upload>,
        standing: Standing<'_>,
        earlier: &[Self],
        now: Timestamp,
    ) -> Result<Self, ClaimRefused> {
        let enrollment = standing.enrollment;
        enrollment.check_claims(now)?;
        request.check(standing.prospectus)?;
        let number = earlier.iter().map(|claim| claim.number).max().unwrap_or(0) + 1;
        if number > CLAIMS_MAX {
            return Err(ClaimRefused::TooManyClaims);
        }
        for (index, (skill, _)) in request.skills.iter().enumerate() {
            check_unproven(index, skill, standing, earlier)?;
        }
        let proven = |(index, (skill, sent)): (usize, &(SkillId, Vec<SentEvidence>))| {
            let place = |evidence| Place { skill: index, evidence };
            let evidence = sent.iter().enumerate();
            let evidence = evidence.map(|(at, piece)| piece.proven(place(at), enrollment, uploads));
            Ok(ClaimedSkill { skill: skill.clone(), evidence: evidence.collect::<Result<_, _>>()? })
        };
        let skills = request.skills.iter().enumerate().map(proven);
        Ok(Self {
            id: Self::id_of(enrollment.id, number),
            number,
            enrollment: enrollment.id,
            degree: enrollment.degree.clone(),
            student: enrollment.student,
            submitted_at: now,
            skills: skills.collect::<Result<_, ClaimRefused>>()?,
            state: ClaimState::Submitted,
        })
    }
}

/// Whether a skill is still to be shown, and not on its way to be.
fn check_unproven(
    index: usize,
    skill: &SkillId,
    standing: Standing<'_>,
    earlier: &[PriorLearningClaim],
) -> Result<(), ClaimRefused> {
    let skill_of = || skill.clone();
    if standing.enrollment.recognized_skills.contains(skill) {
        return Err(ClaimRefused::AlreadyRecognized { index, skill: skill_of() });
    }
    let open = earlier.iter().find(|claim| claim.state.is_open() && claim.names(skill));
    if let Some(open) = open {
        return Err(ClaimRefused::Undecided { index, skill: skill_of(), claim: open.id });
    }
    let Some(attempt) = standing.attempt(skill) else { return Ok(()) };
    if attempt.acquired.contains(skill) {
        return Err(ClaimRefused::AlreadyAcquired { index, skill: skill_of() });
    }
    attempt.check_claimable().map_err(|reason| ClaimRefused::Project { index, skill: skill_of(), reason })
}
