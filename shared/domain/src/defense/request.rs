//! What a mentor asks for when the work is ready to be defended.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{DefensePolicy, DefenseRefusal};
use crate::attempt::Attempt;
use crate::enrollment::Enrollment;
use crate::id::{DegreeId, EnrollmentId, PersonId, ProjectId, SkillId, SubmissionId};

/// A mentor's request for the defense of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefenseRequest {
    /// The student's place on the edition.
    pub enrollment: EnrollmentId,
    /// The degree it leads to, for roles that are limited to one.
    pub degree: DegreeId,
    /// What is defended.
    pub project: ProjectId,
    /// Who defends it.
    pub student: PersonId,
    /// The accepted work.
    pub submission: SubmissionId,
    /// Who asks.
    pub mentor: PersonId,
    /// What is judged: the project's skills that were not recognized before.
    pub skills: BTreeSet<SkillId>,
    /// When it would suit.
    pub wish: Wish,
}

/// The dates that suit the student, both included.
///
/// A wish guides whoever looks for a juror; it does not bind the time that is chosen at last,
/// because a juror who is free a day later beats none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// First date.
    pub from: Date,
    /// Last date.
    pub to: Date,
}

impl DefenseRequest {
    /// The request to defend the version that was accepted last.
    ///
    /// Judged are the skills of the project that were neither recognized from earlier learning nor
    /// shown in an earlier defense of it.
    pub fn of(
        submission: SubmissionId,
        attempt: &Attempt,
        enrollment: &Enrollment,
        project_skills: &[SkillId],
        mentor: PersonId,
        wish: Wish,
    ) -> Result<Self, DefenseRefusal> {
        if attempt.accepted() != Some(submission) {
            return Err(DefenseRefusal::NotAccepted);
        }
        let known = |skill: &&SkillId| {
            enrollment.recognized_skills.contains(*skill) || attempt.acquired.contains(*skill)
        };
        Ok(Self {
            enrollment: enrollment.id,
            degree: enrollment.degree.clone(),
            project: attempt.project.clone(),
            student: enrollment.student,
            submission,
            mentor,
            skills: project_skills.iter().filter(|skill| !known(skill)).cloned().collect(),
            wish,
        })
    }
}

impl Wish {
    /// Whether a date suits.
    pub fn contains(&self, date: Date) -> bool {
        (self.from..=self.to).contains(&date)
    }

    pub(super) fn check(&self, today: Date, policy: &DefensePolicy) -> Result<(), DefenseRefusal> {
        let ahead = |days: u32| today.checked_add(i64::from(days).days()).unwrap_or(Date::MAX);
        let (first, last) = (ahead(policy.notice_days_min), ahead(policy.notice_days_max));
        let overlaps = self.from <= self.to && self.from <= last && first <= self.to;
        if overlaps { Ok(()) } else { Err(DefenseRefusal::WishOutsideNotice { first, last }) }
    }
}
