//! A mentor's assignment, with all that is written with it.

use domain::billing::Terms;
use domain::commitment::Commitment;
use domain::conflict::{ConflictSet, Reason};
use domain::enrollment::{AssignRefused, Enrollment, MentorAssignment, State};
use domain::job::Job;
use domain::permission::Role;
use domain::seat::{Seat, Seats};
use jiff::{Timestamp, ToSpan};

use crate::enrollment::Progress;
use crate::item::{Item, Stored};
use crate::transaction::Transaction;

/// What is known when a mentor is assigned.
#[derive(Debug, Clone)]
pub struct Assigning {
    /// Whose mentor, and when.
    pub assignment: MentorAssignment,
    /// The mentor's seats as they were read.
    pub seats: Item<Seats>,
    /// The one that is taken.
    pub seat: Seat,
    /// How many there are.
    pub capacity: u32,
}

/// An assignment that may be written.
#[derive(Debug, Clone)]
pub struct Assigned {
    /// The enrollment with it.
    pub enrollment: Item<Enrollment>,
    assignment: MentorAssignment,
    was: Enrollment,
    seats: Item<Seats>,
    conflicts: Option<Item<ConflictSet>>,
    /// The series of whoever hands over, which end on the day before.
    ended: Vec<Item<Commitment>>,
}

impl Progress {
    /// With a mentor assigned, if one of the mentor's seats is free.
    pub fn assign(
        self,
        assigning: Assigning,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Assigned, AssignRefused> {
        let Assigning { assignment, seats, seat, capacity } = assigning;
        let was = self.enrollment.value.clone();
        let replaced = was.replaced_by(&assignment);
        let enrollment =
            self.enrollment.try_map(|enrollment| enrollment.assigned(assignment.clone(), terms, now))?;
        let seats = seats.try_map(|seats| seats.take(was.id, seat, capacity))?;

        let mut conflicts = self.conflicts;
        let reason = if assignment.to.is_none() { Reason::Mentor } else { Reason::CoverMentor };
        let mut news = conflicts.value.add(assignment.mentor, reason);
        for former in &replaced {
            news |= conflicts.value.add(*former, Reason::PastMentor);
        }
        let hands_over =
            |series: &Commitment| series.kind.role() == Role::Mentor && replaced.contains(&series.with);
        let last_day = assignment.from.saturating_sub(1.day());
        let ended = self.commitments.into_iter().filter(|series| hands_over(&series.value));
        let ended = ended.map(|series| Item { value: series.value.end(last_day), revision: series.revision });
        Ok(Assigned {
            enrollment,
            assignment,
            was,
            seats,
            conflicts: news.then_some(conflicts),
            ended: ended.collect(),
        })
    }
}

impl<R: Clone> Transaction<'_, R> {
    /// Writes an assignment: the enrollment, the seat, who may no longer judge, the series that end, and the
    /// jobs that follow it. Sessions behind an ended series go with the job.
    pub fn assign(self, assigned: &Assigned, now: Timestamp, changed: R) -> Self {
        let Assigned { enrollment, assignment, was, seats, conflicts, ended } = assigned;
        let id = was.id;
        let transaction = self
            .save(enrollment, changed.clone())
            .save(seats, changed.clone())
            .concerns(assignment.mentor, id)
            .then_planned(&enrollment.value)
            .enqueue(&Job::ArrangeSessions { enrollment: id }, now)
            .enqueue(&Job::ArrangeDefenses { enrollment: id, at: now }, now)
            .enqueue(&Job::CoverHolidays { mentor: assignment.mentor }, now);
        let transaction =
            if enrollment.value.waiting.is_none() { transaction.leave_line(was) } else { transaction };
        let transaction = match conflicts {
            Some(conflicts) => transaction.save(conflicts, changed.clone()),
            None => transaction,
        };
        ended.iter().fold(transaction, |transaction, series| transaction.save(series, changed.clone()))
    }
}

impl<R> Transaction<'_, R> {
    /// Asks for a first meeting with the mentor of an enrollment that is active, if there was none yet.
    pub fn introduce(self, enrollment: &Enrollment, now: Timestamp) -> Self {
        let open = enrollment.mentors.iter().rfind(|assignment| assignment.to.is_none());
        let Some(assignment) = open.filter(|_| enrollment.state == State::Active) else { return self };
        self.enqueue(&Job::Introduce { enrollment: enrollment.id, mentor: assignment.mentor }, now)
    }
}

impl Assigned {
    /// Whether the enrollment waited for nothing else than this to begin: then its money is asked for next.
    pub fn lets_begin(&self) -> bool {
        self.was.needs_seat()
    }

    /// Where the trail of what was done stands.
    pub fn key(&self) -> crate::key::Key {
        self.enrollment.value.key()
    }
}
