//! What a step of a defense changes besides the defense: the student's path, the conflict set,
//! people's time, and what the system has to do next.
//!
//! Handlers, the waiver and the worker's jobs all settle here, so that a verdict has the same
//! consequences however it came to be sealed. Everything is written in one transaction.

use jiff::Timestamp;

use super::policy::hours_after;
use super::{Awaits, Defense, DefenseState, Outcome, RECONCILED_EVERY};
use crate::attempt::{self, Attempt, AttemptError, all_done, unlocked_next};
use crate::conflict::ConflictSet;
use crate::enrollment::{Enrollment, State};
use crate::id::PersonId;
use crate::job::Job;
use crate::occupancy;
use crate::recording::Recording;
use crate::statement::JuryDuty;

/// The student's path around a defense, as it was read.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    /// The place on the edition.
    pub enrollment: &'a Enrollment,
    /// All of its projects.
    pub attempts: &'a [Attempt],
    /// Who may not judge.
    pub conflicts: &'a ConflictSet,
}

/// A stretch of time that a defense takes of its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    /// When.
    pub slot: occupancy::Slot,
    /// Student and juror.
    pub people: [PersonId; 2],
}

/// One defense among those that its juror judges, as the juror's caps count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judging {
    /// Who judges.
    pub juror: PersonId,
    /// When it begins.
    pub starts_at: Timestamp,
}

/// A defense after a step, with all that is to be written together with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The defense.
    pub defense: Defense,
    /// The attempts that changed: its own, and the one that is unlocked.
    pub attempts: Vec<Attempt>,
    /// The enrollment, where all projects are done now.
    pub enrollment: Option<Enrollment>,
    /// The conflict set, where a fail made a conflict.
    pub conflicts: Option<ConflictSet>,
    /// Whose independence the step rests on: the write is conditional on it.
    pub judge: Option<PersonId>,
    /// The time that is given back.
    pub freed: Option<Booking>,
    /// The time that is taken.
    pub booked: Option<Booking>,
    /// What the step leaves for the juror's pay.
    pub duty: Option<JuryDuty>,
    /// What its juror no longer judges.
    pub uncounted: Option<Judging>,
    /// What its juror judges now: only below the caps.
    pub counted: Option<Judging>,
    /// What the system does next, and when.
    pub jobs: Vec<(Job, Timestamp)>,
}

impl Defense {
    /// Settles what a step made of this defense.
    pub fn settle(&self, next: Self, path: Path<'_>, now: Timestamp) -> Result<Settled, AttemptError> {
        next.settled_after(Some(self), path, now)
    }

    /// Settles a defense that was just asked for.
    pub fn settle_request(self, path: Path<'_>, now: Timestamp) -> Result<Settled, AttemptError> {
        self.settled_after(None, path, now)
    }

    /// The time it takes of its people: while it has one and is not over.
    pub fn occupies(&self) -> Option<Booking> {
        let (DefenseState::Scheduled | DefenseState::InProgress) = self.state else { return None };
        let (juror, slot) = (self.juror?, self.slot?);
        let slot = occupancy::Slot::between(slot.starts_at, slot.ends_at).ok()?;
        Some(Booking { slot, people: [self.request.student, juror] })
    }

    /// What it is of its juror's work: once it has a time, unless it was called off or the juror did not come.
    pub fn judging(&self) -> Option<Judging> {
        use DefenseState as S;
        let idle =
            matches!(self.state, S::Requested | S::JurorAssigned | S::Cancelled { .. } | S::JurorNoShow);
        let (juror, slot) = (self.juror.filter(|_| !idle)?, self.slot?);
        Some(Judging { juror, starts_at: slot.starts_at })
    }

    fn settled_after(
        self,
        before: Option<&Self>,
        path: Path<'_>,
        now: Timestamp,
    ) -> Result<Settled, AttemptError> {
        let mut settled = Settled {
            attempts: Vec::new(),
            enrollment: None,
            conflicts: self.conflict_to_add(path.conflicts),
            judge: self.judge_of_step(before),
            freed: before.and_then(Self::occupies),
            booked: self.occupies(),
            duty: before.and_then(|before| JuryDuty::of_step(before, &self, now)),
            uncounted: before.and_then(Self::judging),
            counted: self.judging(),
            jobs: self.jobs_after(before, now),
            defense: self,
        };
        if settled.freed == settled.booked {
            (settled.freed, settled.booked) = (None, None);
        }
        let days = settled.defense.policy.statement_days;
        let closing = settled.duty.as_ref().and_then(|duty| duty.closing(path.enrollment, days));
        settled.jobs.extend(closing);
        if settled.uncounted == settled.counted {
            (settled.uncounted, settled.counted) = (None, None);
        }
        settled.go_on(before, path, now)?;
        Ok(settled)
    }

    /// The conflict set with what a fail adds to it; nothing where that is no news.
    fn conflict_to_add(&self, conflicts: &ConflictSet) -> Option<ConflictSet> {
        let mut grown = conflicts.clone();
        let news =
            self.conflicts_made().fold(false, |news, (person, reason)| grown.add(person, reason) || news);
        news.then_some(grown)
    }

    /// Who judges, where the step says something about it: who, when, the start, the verdict, its
    /// seal, a waiver, a decision about conditions, or an appeal's.
    fn judge_of_step(&self, before: Option<&Self>) -> Option<PersonId> {
        let condition =
            |it: &Self| it.sitting.as_ref().and_then(|sitting| sitting.condition_decision.clone());
        let decided = condition(self).filter(|now| before.and_then(condition).as_ref() != Some(now));
        if let Some(decision) = decided {
            return Some(decision.by);
        }
        if self.appeal != before.and_then(|before| before.appeal.clone()) {
            return self.appeal.as_ref().and_then(|appeal| appeal.reviewer);
        }
        let judging = |it: &Self| {
            let sitting = it.sitting.clone();
            let sitting = sitting.map(|it| (it.started_at, it.verdict, it.waiver));
            (it.juror, it.sequence, sitting)
        };
        self.juror.filter(|_| before.map(judging) != Some(judging(self)))
    }

    fn jobs_after(&self, before: Option<&Self>, now: Timestamp) -> Vec<(Job, Timestamp)> {
        let defense = self.id;
        let mut jobs = Vec::new();
        let ended = |it: &Self| it.sitting.as_ref().and_then(|sitting| sitting.ended_at);
        if let Some(ended_at) = ended(self).filter(|at| before.and_then(ended) != Some(*at)) {
            if self.state == DefenseState::AwaitingVerdict {
                let missed_at = hours_after(ended_at, self.policy.recording_hours);
                jobs.push((Job::MissRecording { defense }, missed_at));
                jobs.push((Job::MissVerdict { defense }, hours_after(ended_at, self.policy.verdict_hours)));
            }
            if self.recording().is_some() {
                // What arrived while the meeting went on could not be proved.
                jobs.push((Job::VerifyRecording { defense }, ended_at));
            }
        }
        if self.awaits_reviewer() {
            jobs.push((Job::ArrangeDefenses { enrollment: self.request.enrollment, at: now }, now));
        }
        if self.changes_what_is_stored(before) {
            jobs.push((Job::KeepRecordings { defense, at: now }, now));
            jobs.push((Job::ReconcileRecordings { defense }, now + RECONCILED_EVERY));
        }
        let told = |it: &Self| (it.is_sealed(), it.state.stage());
        if self.is_sealed() && before.map(told) != Some(told(self)) {
            jobs.push((Job::TellJury { defense }, now));
        }
        // Staff have no deadline.
        if let DefenseState::Conditional { awaits: Awaits::Student | Awaits::Juror, until } = self.state
            && before.is_none_or(|before| before.state != self.state)
        {
            jobs.push((Job::CloseCondition { defense }, until));
        }
        jobs
    }

    /// Whether what is stored of its recordings has to follow: one was proven, rejected or is to be erased, or all are
    /// held for an appeal, or no longer.
    fn changes_what_is_stored(&self, before: Option<&Self>) -> bool {
        let was = |now: &Recording, fact: fn(&Recording) -> bool| {
            let before = before.into_iter().flat_map(|before| before.recordings());
            before.filter(|(_, it)| it.upload() == now.upload()).any(|(_, it)| fact(it))
        };
        let newly = |now: &Recording, fact: fn(&Recording) -> bool| fact(now) && !was(now, fact);
        let held_anew = before.is_some_and(|before| before.holds_recordings() != self.holds_recordings());
        self.recordings().any(|(_, it)| {
            let kept = held_anew && it.kept_until().is_some();
            let facts = [Recording::is_to_be_kept, Recording::is_rejected, Recording::is_erased];
            kept || facts.into_iter().any(|fact| newly(it, fact))
        })
    }

    /// What the step makes of the attempt; nothing where it does not concern it.
    fn step_of(
        &self,
        before: Option<&Self>,
        attempt: Attempt,
        now: Timestamp,
    ) -> Option<Result<Attempt, AttemptError>> {
        use DefenseState as S;
        let Some(before) = before else { return Some(attempt.request_defense(self.id)) };
        if self.sequence > before.sequence {
            return Some(attempt.schedule_defense(self.id));
        }
        if self.state == before.state {
            return None;
        }
        let outcome = match &self.state {
            S::Passed => attempt::Outcome::Passed,
            S::Failed => attempt::Outcome::Failed,
            S::Conditional { .. } => match before.state {
                S::Conditional { .. } => return None,
                _ => attempt::Outcome::Conditional,
            },
            S::Cancelled { .. } | S::StudentNoShow | S::JurorNoShow => {
                return Some(attempt.release_defense(self.id));
            }
            S::Annulled { .. } => {
                let failed = u32::from(before.counts_as_failed());
                return Some(attempt.annul_defense(self.id, failed, &self.request.skills));
            }
            S::Upheld { .. } => return Some(Ok(attempt.extend_acquired(self.acquired()))),
            S::UnderAppeal { .. } => return Some(attempt.appeal_defense(self.id)),
            S::Overturned { outcome } => {
                let outcome = match outcome {
                    Outcome::Passed => attempt::Outcome::Passed,
                    Outcome::Failed => attempt::Outcome::Failed,
                };
                return Some(attempt.overturn_defense(self.id, outcome, self.acquired(), now));
            }
            S::Requested
            | S::JurorAssigned
            | S::Scheduled
            | S::InProgress
            | S::AwaitingVerdict
            | S::HeldUnrecorded
            | S::TechnicalFailure => return None,
        };
        Some(attempt.conclude_defense(self.id, outcome, self.acquired(), now))
    }
}

impl Settled {
    /// Whether anybody's time is taken or given back.
    pub fn moves_time(&self) -> bool {
        self.freed.is_some() || self.booked.is_some()
    }

    /// The attempt takes its step; when it is done, the next project is unlocked, or study is
    /// concluded where it was the last. Who is no longer studying concludes nothing.
    fn go_on(
        &mut self,
        before: Option<&Defense>,
        path: Path<'_>,
        now: Timestamp,
    ) -> Result<(), AttemptError> {
        let mut attempts = path.attempts.to_vec();
        let project = &self.defense.request.project;
        let own = attempts.iter_mut().find(|attempt| attempt.project == *project);
        let own = own.ok_or(AttemptError::OtherDefense)?;
        let Some(next) = self.defense.step_of(before, own.clone(), now).transpose()? else { return Ok(()) };
        let newly_done = next.state.is_done() && !own.state.is_done();
        let undone = own.state.is_done() && !next.state.is_done();
        if undone && !matches!(path.enrollment.state, State::Active | State::Paused | State::Suspended { .. })
        {
            let (act, state) = ("annulling the defense", path.enrollment.state.word());
            return Err(AttemptError::NotWhile { act, state });
        }
        *own = next.clone();
        self.attempts.push(next);
        if !newly_done {
            return Ok(());
        }
        self.attempts.extend(unlocked_next(&attempts, now)?);
        if all_done(&attempts) {
            self.enrollment = path.enrollment.clone().conclude(now).ok();
        }
        if let Some(enrollment) = &self.enrollment {
            self.jobs.extend(enrollment.after_conclusion(now));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
