//! What a decision changes besides the claim: the student's path, and who may not judge any more.
//!
//! Projects of which nothing is left are exempted, others keep the rest of their skills for their
//! defense; the next project is unlocked, or study concluded, as after a verdict. Everything is
//! written in one transaction.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Decision, DecisionRefused, Independence, PriorLearningClaim, Standing};
use crate::attempt::{Attempt, all_done, unlocked_next};
use crate::conflict::{ConflictSet, Reason};
use crate::enrollment::Enrollment;
use crate::id::{PersonId, SkillId, SubmissionId};
use crate::job::Job;

/// A claim after its decision, with all that is to be written together with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimSettled {
    /// The claim.
    pub claim: PriorLearningClaim,
    /// The enrollment, where skills were recognized; concluded where nothing is left to do.
    pub enrollment: Option<Enrollment>,
    /// The attempts that changed: the exempted ones, and the one that is unlocked.
    pub attempts: Vec<Attempt>,
    /// Work that is no longer to be judged.
    pub superseded: Vec<SubmissionId>,
    /// The conflict set with the assessor; nothing where they are in it already.
    pub conflicts: Option<ConflictSet>,
    /// What the system does next, and when.
    pub jobs: Vec<(Job, Timestamp)>,
}

impl PriorLearningClaim {
    /// Decides the claim, and settles what follows.
    pub fn decide(
        self,
        decision: Decision,
        by: PersonId,
        standing: Standing<'_>,
        independence: Independence<'_>,
        now: Timestamp,
    ) -> Result<ClaimSettled, DecisionRefused> {
        if !self.state.is_open() {
            return Err(DecisionRefused::AlreadyDecided);
        }
        independence.check(by)?;
        let recognized = decision.recognized.clone();
        let claim = self.decided(decision, by, now)?;
        for (index, skill) in recognized.iter().enumerate() {
            check_open(index, skill, standing)?;
        }
        let mut conflicts = independence.conflicts.clone();
        let news = conflicts.add(by, Reason::PriorLearningAssessor);
        let mut settled = ClaimSettled {
            claim,
            enrollment: None,
            attempts: Vec::new(),
            superseded: Vec::new(),
            conflicts: news.then_some(conflicts),
            jobs: Vec::new(),
        };
        if !recognized.is_empty() {
            settled.shorten(&BTreeSet::from_iter(recognized), standing, now)?;
        }
        Ok(settled)
    }
}

/// Whether a skill can still be recognized.
fn check_open(index: usize, skill: &SkillId, standing: Standing<'_>) -> Result<(), DecisionRefused> {
    let attempt = standing.attempt(skill);
    let acquired = attempt.is_some_and(|attempt| attempt.acquired.contains(skill));
    if acquired || standing.enrollment.recognized_skills.contains(skill) {
        return Err(DecisionRefused::NothingToProve { index, skill: skill.clone() });
    }
    let Some(attempt) = attempt else { return Ok(()) };
    let project = |reason| DecisionRefused::Project { index, skill: skill.clone(), reason };
    attempt.check_recognizable().map_err(project)
}

impl ClaimSettled {
    fn shorten(
        &mut self,
        recognized: &BTreeSet<SkillId>,
        standing: Standing<'_>,
        now: Timestamp,
    ) -> Result<(), DecisionRefused> {
        let enrollment = standing.enrollment.clone().recognize(recognized, now)?;
        let mut attempts = standing.attempts.to_vec();
        for project in &standing.prospectus.projects {
            let own = attempts.iter_mut().find(|attempt| attempt.project == project.id);
            let Some(own) = own.filter(|_| project.skills.iter().any(|it| recognized.contains(it))) else {
                continue;
            };
            let shown = |skill| enrollment.recognized_skills.contains(skill) || own.acquired.contains(skill);
            if project.skills.iter().all(shown) {
                self.superseded.extend(own.under_review());
                *own = own.clone().exempt(now)?;
                self.attempts.push(own.clone());
            }
        }
        let prospectus = standing.prospectus;
        let nothing_left =
            prospectus.exempted(&enrollment.recognized_skills).len() == prospectus.projects.len();
        if nothing_left && standing.attempts.is_empty() && enrollment.contract.is_some() {
            // Accepted, and waiting for money that is not owed any more.
            self.jobs.push((Job::Begin { enrollment: enrollment.id }, now));
        }
        self.enrollment = Some(enrollment);
        if self.attempts.is_empty() {
            return Ok(());
        }
        self.attempts.extend(unlocked_next(&attempts, now)?);
        if all_done(&attempts) {
            let concluded = self.enrollment.take().map(|it| it.conclude(now)).transpose()?;
            self.jobs.extend(concluded.iter().flat_map(|enrollment| enrollment.after_conclusion(now)));
            self.enrollment = concluded;
        }
        Ok(())
    }
}
