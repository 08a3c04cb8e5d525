//! Who mentors a student when.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Enrollment;
use crate::billing::{Terms, days_after, days_before};
use crate::id::{AssignmentId, PersonId};
use crate::seat::SeatsTaken;

/// A mentor's time with a student.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MentorAssignment {
    /// Its id.
    pub id: AssignmentId,
    /// Who mentors.
    pub mentor: PersonId,
    /// The first date.
    pub from: Date,
    /// The first date after it; nothing for as long as the student studies.
    pub to: Option<Date>,
}

impl MentorAssignment {
    /// Whether a date lies in it.
    pub fn covers(&self, date: Date) -> bool {
        self.from <= date && self.to.is_none_or(|to| date < to)
    }

    /// This assignment with its end no later than a date, and never before its begin.
    fn ended_by(self, date: Date) -> Self {
        let to = self.to.map_or(date, |to| to.min(date)).max(self.from);
        Self { to: Some(to), ..self }
    }
}

/// Active time that no mentor covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MentorGap {
    /// The first date without a mentor.
    pub from: Date,
    /// The first date with one again, or on which the active time ends.
    pub to: Date,
}

/// Why a mentor cannot be assigned.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AssignRefused {
    /// Nobody mentors themselves.
    #[error("the mentor is the student")]
    MentorIsStudent,
    /// It ends before it begins.
    #[error("expected an end after {from}")]
    NoTime {
        /// The first date.
        from: Date,
    },
    /// The mentor has as many students as they take.
    #[error(transparent)]
    SeatsTaken(#[from] SeatsTaken),
    /// The enrollment has ended.
    #[error("the enrollment is {state}")]
    NotLive {
        /// The state's word.
        state: &'static str,
    },
}

impl Enrollment {
    /// Assigns a mentor. Without an end it is the student's new mentor, and whoever was assigned
    /// hands over on its first date; with an end it is a cover, beside the mentor it stands in for.
    pub fn assign_mentor(self, assignment: MentorAssignment, now: Timestamp) -> Result<Self, AssignRefused> {
        let mut enrollment = self.as_of(now);
        if !enrollment.is_live() {
            return Err(AssignRefused::NotLive { state: enrollment.state.word() });
        }
        if assignment.mentor == enrollment.student {
            return Err(AssignRefused::MentorIsStudent);
        }
        let from = assignment.from;
        match assignment.to {
            Some(to) if to <= from => return Err(AssignRefused::NoTime { from }),
            Some(_) => {}
            None => enrollment.end_assignments(from),
        }
        enrollment.mentors.push(assignment);
        Ok(enrollment)
    }

    /// Who hands the student over when an assignment begins: nobody where it is a cover.
    pub fn replaced_by(&self, assignment: &MentorAssignment) -> Vec<PersonId> {
        let hands_over = |former: &&MentorAssignment| {
            assignment.to.is_none()
                && former.mentor != assignment.mentor
                && former.to.is_none_or(|to| assignment.from < to)
        };
        let mut replaced = Vec::from_iter(self.mentors.iter().filter(hands_over).map(|former| former.mentor));
        replaced.sort_unstable();
        replaced.dedup();
        replaced
    }

    /// The last date on which a person who is assigned on a date mentors the student; nothing where
    /// that is open, or where they are not assigned.
    pub fn last_day_with(&self, person: PersonId, date: Date) -> Option<Date> {
        let assigned =
            |assignment: &&MentorAssignment| assignment.mentor == person && assignment.covers(date);
        let ends = Vec::from_iter(self.mentors.iter().filter(assigned).map(|assignment| assignment.to));
        if ends.contains(&None) {
            return None;
        }
        ends.into_iter().flatten().max().map(|to| days_before(to, 1))
    }

    /// Who meets the student on a date: the cover, if there is one, else the mentor.
    pub fn mentor_on(&self, date: Date) -> Option<PersonId> {
        let covering = |assignment: &&MentorAssignment| assignment.covers(date);
        self.mentors.iter().rfind(covering).map(|assignment| assignment.mentor)
    }

    /// Whether a person is a mentor of the student on a date, as mentor or as cover.
    pub fn is_mentor_on(&self, person: PersonId, date: Date) -> bool {
        let placed = self.is_live() && self.leaves_on.is_none_or(|leaves_on| date < leaves_on);
        let assigned = |assignment: &MentorAssignment| assignment.mentor == person && assignment.covers(date);
        placed && self.mentors.iter().any(assigned)
    }

    /// Active time before a date that goes without a mentor for longer than the terms allow.
    pub fn mentor_gaps(&self, until: Date, terms: &Terms) -> Vec<MentorGap> {
        let held = |assignment: &&MentorAssignment| assignment.to.is_none_or(|to| assignment.from < to);
        let mut assigned = Vec::from_iter(self.mentors.iter().filter(held));
        assigned.sort_by_key(|assignment| assignment.from);
        let mut gaps = Vec::new();
        for segment in &self.segments {
            let end = segment.ends.map_or(until, |ends| ends.min(until));
            let mut covered_to = segment.anchor;
            for assignment in &assigned {
                gaps.push(MentorGap { from: covered_to, to: assignment.from.min(end) });
                covered_to = covered_to.max(assignment.to.unwrap_or(end));
            }
            gaps.push(MentorGap { from: covered_to, to: end });
        }
        gaps.retain(|gap| days_after(gap.from, terms.mentor_gap_days_max) < gap.to);
        gaps
    }

    /// Ends every assignment by a date; what lay ahead is kept, without a day of its own.
    pub(super) fn end_assignments(&mut self, date: Date) {
        let assignments = std::mem::take(&mut self.mentors);
        self.mentors = assignments.into_iter().map(|assignment| assignment.ended_by(date)).collect();
    }
}
