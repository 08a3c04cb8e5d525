//! A meeting of a student with a mentor or coach: booked, held or not, and reported.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::{CommitmentId, EnrollmentId, PersonId, SessionId};
use crate::occupancy::{InvalidSlot, Slot};
use crate::permission::{Relation, Subject};
use crate::time::Zone;

mod appointment;
mod attendance;
mod booking;
mod dispute;
mod host;
mod introduction;
mod notice;
mod make_up;
pub(crate) mod policy;
mod report;

pub use appointment::Appointment;
pub use attendance::{ATTENDANCES_MAX, Attendance, AttendanceError};
pub(crate) use booking::Parties;
pub use booking::{Booking, BookingError, BookingFacts, ChosenTime};
pub use dispute::{Claim, DisputeError, Outcome};
pub use introduction::{INTRODUCED_WITHIN_DAYS, Introduction, introduction_id};
pub use make_up::MakeUpRefused;
pub use notice::{Due, SessionNotice, Tell, Told};
pub use policy::SessionPolicy;
pub use report::{REPORT_CHARS_MAX, Report, ReportError, ReportText};

/// What a meeting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// The first talk, before a pairing.
    Discovery,
    /// The weekly meeting with the mentor.
    Mentoring,
    /// Help to find a job.
    Coaching,
    /// One mentor hands a student to the next.
    Handover,
}

impl SessionKind {
    /// The kind's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Mentoring => "mentoring",
            Self::Coaching => "coaching",
            Self::Handover => "handover",
        }
    }
}

impl std::fmt::Display for SessionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// A meeting of two people for one enrollment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Derived from commitment and local date where it belongs to a series.
    pub id: SessionId,
    /// What it is for.
    pub kind: SessionKind,
    /// Whose place on an edition it serves.
    pub enrollment: EnrollmentId,
    /// Who learns.
    pub student: PersonId,
    /// The mentor or coach.
    pub with: PersonId,
    /// The series it was made from.
    pub commitment: Option<CommitmentId>,
    /// First instant.
    pub starts_at: Timestamp,
    /// The first instant behind it.
    pub ends_at: Timestamp,
    /// The wall time that was chosen.
    pub local: DateTime,
    /// The zone it was chosen in.
    pub time_zone: Zone,
    /// Whether the clocks jumped over the wall time, so that it starts a little later.
    pub shifted: bool,
    /// How often it was moved, called off or booked again: iCalendar's SEQUENCE.
    pub sequence: u32,
    /// The last instant at which the student cancels free of charge; a late move keeps it.
    pub free_until: Timestamp,
    /// The rules it is judged by: those of the day it was booked.
    #[serde(default)]
    pub policy: SessionPolicy,
    /// How far it got.
    #[serde(flatten)]
    pub state: SessionState,
    /// Who was there, and when.
    pub attendance: Vec<Attendance>,
    /// What the mentor wrote about it.
    pub report: Option<Report>,
    /// What was said against its outcome, in order.
    pub claims: Vec<Claim>,
    /// The session that it was booked in place of.
    #[serde(default)]
    pub makes_up: Option<SessionId>,
    /// The session that was booked in its place.
    #[serde(default)]
    pub made_up_by: Option<SessionId>,
}

/// How far a meeting got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum SessionState {
    /// It will take place.
    Booked,
    /// Both sides are there.
    InProgress,
    /// It took place.
    Completed,
    /// Called off in good time, or by the school: free of charge.
    CancelledEarly(Cancellation),
    /// Called off by the student after [`Session::free_until`].
    CancelledLate(Cancellation),
    /// Called off by the mentor or coach.
    CancelledByMentor(Cancellation),
    /// The student did not come in time.
    StudentNoShow,
    /// The mentor or coach did not come in time.
    MentorNoShow,
    /// Neither came in time.
    NobodyCame,
    /// The link failed them.
    TechnicalFailure,
}

/// Who called a meeting off, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// On whose side.
    pub cancelled_by: Side,
    /// When.
    pub cancelled_at: Timestamp,
    /// In their words; may be empty.
    pub reason: String,
}

/// On whose side somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The student.
    Student,
    /// The mentor or coach.
    Mentor,
    /// Staff, or a job such as a pause.
    School,
}

/// The most characters in a reason for cancelling.
pub const REASON_CHARS_MAX: usize = 1000;

/// Why a meeting cannot be called off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CancelError {
    /// Only a booked meeting can.
    #[error("only a booked session can be cancelled")]
    NotBooked,
    /// From its start on, it is held or missed.
    #[error("the session started at {starts_at}")]
    Started {
        /// When.
        starts_at: Timestamp,
    },
    /// The reason is a letter.
    #[error("expected at most {REASON_CHARS_MAX} characters")]
    ReasonTooLong,
}

impl SessionState {
    /// The state's word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::CancelledEarly(_) => "cancelled_early",
            Self::CancelledLate(_) => "cancelled_late",
            Self::CancelledByMentor(_) => "cancelled_by_mentor",
            Self::StudentNoShow => "student_no_show",
            Self::MentorNoShow => "mentor_no_show",
            Self::NobodyCame => "nobody_came",
            Self::TechnicalFailure => "technical_failure",
        }
    }

    /// Whether it holds its time in both people's weeks: what may not overlap (invariant 14).
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Booked | Self::InProgress)
    }

    /// Whether it was called off.
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::CancelledEarly(_) | Self::CancelledLate(_) | Self::CancelledByMentor(_))
    }

    /// Whether the student lost it through no fault of theirs and gets another in its place.
    pub const fn owes_another(&self) -> bool {
        matches!(
            self,
            Self::CancelledByMentor(_) | Self::MentorNoShow | Self::NobodyCame | Self::TechnicalFailure
        )
    }
}

impl Session {
    /// On whose side a person stands; whoever is neither acts for the school.
    pub fn side_of(&self, person: PersonId) -> Side {
        if person == self.student {
            Side::Student
        } else if person == self.with {
            Side::Mentor
        } else {
            Side::School
        }
    }

    /// The time it takes in both people's weeks.
    pub fn slot(&self) -> Result<Slot, InvalidSlot> {
        Slot::between(self.starts_at, self.ends_at)
    }

    /// How long it is.
    pub fn length(&self) -> SignedDuration {
        self.starts_at.duration_until(self.ends_at)
    }

    /// The session called off.
    ///
    /// The student is early up to [`free_until`](Self::free_until), that instant included. The
    /// school (staff, or the job of a pause, which may run behind time) always cancels free of
    /// charge, even after the start, as long as nobody met.
    pub fn cancel(self, by: Side, reason: &str, now: Timestamp) -> Result<Self, CancelError> {
        if self.state != SessionState::Booked {
            return Err(CancelError::NotBooked);
        }
        if by != Side::School && now >= self.starts_at {
            return Err(CancelError::Started { starts_at: self.starts_at });
        }
        if reason.chars().count() > REASON_CHARS_MAX {
            return Err(CancelError::ReasonTooLong);
        }
        let cancellation = Cancellation { cancelled_by: by, cancelled_at: now, reason: reason.to_owned() };
        let state = match by {
            Side::Mentor => SessionState::CancelledByMentor(cancellation),
            Side::Student if now > self.free_until => SessionState::CancelledLate(cancellation),
            Side::Student | Side::School => SessionState::CancelledEarly(cancellation),
        };
        Ok(Self { state, sequence: self.sequence.saturating_add(1), ..self })
    }

    /// The session of a series booked again, as the series makes it now, where the school had called
    /// it off: a pause that was taken back. What a person called off stays so.
    pub fn reinstated(self, again: Self) -> Option<Self> {
        let SessionState::CancelledEarly(cancellation) = &self.state else { return None };
        let sequence = self.sequence.saturating_add(1);
        (self.id == again.id && cancellation.cancelled_by == Side::School)
            .then_some(Self { sequence, ..again })
    }
}

impl Subject for Session {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        match self.side_of(person) {
            Side::Student => vec![Relation::Owner, Relation::Participant],
            Side::Mentor => vec![Relation::Participant],
            Side::School => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
