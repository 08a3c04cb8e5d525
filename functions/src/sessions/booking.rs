//! What every booking shares: who meets whom, and what is offered to whoever comes too late.

use domain::availability::Availability;
use domain::commitment::CommitmentError;
use domain::conflict::{ConflictSet, Reason};
use domain::enrollment::{Enrollment, SessionRefused};
use domain::id::PersonId;
use domain::job::Job;
use domain::occupancy::{InvalidSlot, alternatives, weeks_searched};
use domain::session::{BookingError, BookingFacts, Session, SessionKind, SessionPolicy};
use domain::time::{InvalidTime, UtcOffset, Zone};
use jiff::Timestamp;
use jiff::civil::Date;
use storage::session::{BookRefusal, Misfit};
use storage::{Item, Transaction};

use super::views::{TimeView, WallView};
use crate::call::Call;
use crate::problem::{Code, Problem};

/// The two who meet, and what decides when they may.
#[derive(Debug)]
pub struct Pair {
    /// The mentor or coach.
    pub with: PersonId,
    /// When the mentor or coach can meet.
    availability: Availability,
    /// The rules that the session is booked under.
    policy: SessionPolicy,
    /// Who agrees by asking.
    accepted_by: [PersonId; 1],
    /// Why the mentor or coach may not judge the student afterwards, if this is news.
    tie: Option<Reason>,
}

impl Pair {
    /// The student and whom they meet. A mentor or coach who names the student means themselves.
    pub async fn new(
        call: &Call,
        enrollment: &Enrollment,
        named: PersonId,
        kind: SessionKind,
        date: Date,
    ) -> Result<Self, Problem> {
        let asker = call.person()?;
        let with = if named == enrollment.student { asker } else { named };
        let known = enrollment.is_met_by(with, kind, date) || with == enrollment.student;
        let grants = if known { Vec::new() } else { call.grants(with).await? };
        let tie = if with == enrollment.student {
            None
        } else {
            enrollment.host(with, kind, date, &grants, call.now)?
        };
        let availability = call.store().availability_for_booking(with).await?;
        let edition = call.app.catalog.version(call, &enrollment.edition, enrollment.version).await?;
        let policy = edition.session_policy_on(enrollment.date_at(call.now));
        Ok(Self { with, availability, policy, accepted_by: [asker], tie })
    }

    /// The two of a session that is booked already.
    pub async fn of(call: &Call, session: &Session) -> Result<Self, Problem> {
        let availability = call.store().availability_for_booking(session.with).await?;
        let (with, policy) = (session.with, session.policy);
        Ok(Self { with, availability, policy, accepted_by: [call.person()?], tie: None })
    }

    /// Whose clocks a series keeps to where nobody says so: those of the mentor or coach, as they say when they can
    /// meet, or else read times.
    pub async fn home(&self, call: &Call) -> Result<Zone, Problem> {
        if !self.availability.weekly.is_empty() {
            return Ok(self.availability.time_zone.clone());
        }
        let host = call.store().person(self.with).await?;
        Ok(host.map_or_else(Zone::utc, |host| host.value.time_zone))
    }

    /// Lets the domain decide by what was read.
    pub fn decide<T>(&self, enrollment: &Enrollment, rule: impl FnOnce(BookingFacts<'_>) -> T) -> T {
        BookingFacts::with(enrollment, &self.availability, &self.accepted_by, &self.policy, rule)
    }

    /// Keeps with the booking that the two are no strangers any more.
    pub fn tied<'store>(
        &self,
        transaction: Transaction<'store, BookRefusal>,
        mut conflicts: Item<ConflictSet>,
        now: Timestamp,
    ) -> Transaction<'store, BookRefusal> {
        match self.tie {
            Some(reason) if conflicts.value.add(self.with, reason) => {
                let arrange = Job::ArrangeDefenses { enrollment: conflicts.value.enrollment(), at: now };
                transaction.save(&conflicts, BookRefusal::Changed).enqueue(&arrange, now)
            }
            _ => transaction,
        }
    }

    /// The refusal of a session whose time is taken, with other times that are free for both.
    pub async fn taken(
        &self,
        call: &Call,
        enrollment: &Enrollment,
        wished: &Session,
    ) -> Result<Problem, Problem> {
        let slot = wished.slot()?;
        let people = [wished.student, wished.with];
        let diaries = call.store().diaries(&people, weeks_searched(slot)).await?;
        let free = people.map(|person| diaries.of(person));
        let offers = self.decide(enrollment, |facts| {
            alternatives(slot, &free, |slot| facts.judge(slot, wished.student, wished.with, call.now).is_ok())
        });
        let offers = offers.iter().map(|offer| TimeView::of(offer.starts_at(), &wished.time_zone));
        let detail = "One of you has something else at that time: take another one.";
        Ok(Problem::new(Code::SlotTaken, detail).with("alternatives", Vec::from_iter(offers)))
    }
}

impl From<InvalidTime> for Problem {
    fn from(error: InvalidTime) -> Self {
        invalid_time(&error, "/local_time", "/offset", "/date")
    }
}

/// The refusal of a wall time that has no single instant, with pointers to the time, its offset and its
/// date, and with those that are valid.
pub fn invalid_time(error: &InvalidTime, time: &str, offset: &str, date: &str) -> Problem {
    let refused = |pointer: &str| Problem::at_field(Code::InvalidTime, pointer, format!("{error}."));
    match *error {
        InvalidTime::Skipped { before, after, .. } => {
            refused(time).with("nearest", [WallView::from(before), WallView::from(after)])
        }
        InvalidTime::Repeated { first, second, .. } => {
            refused(offset).with("offsets", [first, second].map(|offset| UtcOffset::from(offset).to_string()))
        }
        InvalidTime::WrongOffset { .. } => refused(offset),
        InvalidTime::OutsideCalendar => refused(date),
    }
}

impl From<InvalidSlot> for Problem {
    fn from(error: InvalidSlot) -> Self {
        let pointer = match error {
            InvalidSlot::OffQuarter => "/local_time",
            InvalidSlot::Length => "/minutes",
            InvalidSlot::OutsideCalendar => "/date",
        };
        Self::field(pointer, format!("{error}."))
    }
}

impl From<SessionRefused> for Problem {
    fn from(refused: SessionRefused) -> Self {
        let code = match refused {
            SessionRefused::MonthPaused { .. } => Code::MonthPaused,
            SessionRefused::NotActive { .. } => Code::WrongState,
        };
        Self::new(code, format!("{refused}."))
    }
}

impl From<BookingError> for Problem {
    fn from(error: BookingError) -> Self {
        let detail = format!("{error}.");
        match error {
            BookingError::InvalidTime(error) => error.into(),
            BookingError::InvalidSlot(error) => error.into(),
            BookingError::NotAllowed(refused) => refused.into(),
            BookingError::Length { .. } => Self::field("/minutes", detail),
            BookingError::Past => Self::at_field(Code::InvalidTime, "/date", detail),
            BookingError::Alone | BookingError::NotAHost { .. } => Self::field("/with", detail),
            BookingError::OutsideAvailability => {
                Self::at_field(Code::OutsideAvailability, "/local_time", detail)
            }
            BookingError::Taken(_) => Self::new(Code::SlotTaken, detail),
            BookingError::NotBooked | BookingError::Started { .. } => Self::new(Code::WrongState, detail),
        }
    }
}

impl From<CommitmentError> for Problem {
    fn from(error: CommitmentError) -> Self {
        match error {
            // The day's own refusal, said about the series' first day.
            CommitmentError::First { date, reason } => {
                let mut problem = Self::from(reason);
                problem.detail = format!("On {date}: {}", problem.detail);
                problem
            }
            // A cover's end is nobody's to choose here: it is the first date that lies too late.
            CommitmentError::EndsFirst => Self::field("/first_on", format!("{error}.")),
            other => Self::field(other.pointer(), format!("{other}.")),
        }
    }
}

impl From<Misfit> for Problem {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Taken(taken) => Self::new(Code::SlotTaken, format!("{taken}.")),
            Misfit::NotReserved(_) | Misfit::InvalidSlot(_) | Misfit::NotRead => {
                tracing::error!(%misfit, "a session does not fit the calendar as it was read");
                Self::new(Code::Internal, "The calendar does not fit the session. We have been told.")
            }
        }
    }
}

impl From<BookRefusal> for Problem {
    fn from(refusal: BookRefusal) -> Self {
        match refusal {
            BookRefusal::Changed | BookRefusal::Made => Self::changed(),
            BookRefusal::Misfit(misfit) => misfit.into(),
        }
    }
}
