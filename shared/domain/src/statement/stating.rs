//! The lines of many events at once, and which sessions a closed statement may speak of.

use jiff::Timestamp;

use super::{JuryDuty, PayFacts, StateError, StatementLine};
use crate::attempt::Attempt;
use crate::catalog::{Prospectus, Tariff};
use crate::enrollment::Enrollment;
use crate::id::{EnrollmentId, PersonId};
use crate::invoice::LegalEntity;
use crate::session::Session;

/// Who is paid by whom.
#[derive(Debug, Clone, Copy)]
pub struct Payee<'a> {
    /// Who is paid.
    pub person: PersonId,
    /// Who pays.
    pub entity: &'a LegalEntity,
}

/// A student whose sessions and defenses are paid for.
#[derive(Debug, Clone, Copy)]
pub struct Student<'a> {
    /// Their place.
    pub enrollment: &'a Enrollment,
    /// Their way so far.
    pub attempts: &'a [Attempt],
    /// The version of the edition they hold.
    pub edition: &'a Prospectus,
}

/// Lines, and the tariffs that they name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stated {
    /// The lines, without numbers.
    pub lines: Vec<StatementLine>,
    /// Each tariff once.
    pub tariffs: Vec<Tariff>,
}

impl<'a> Student<'a> {
    /// Whether a legal entity pays for this student: it is the one of their market, and says what
    /// it pays.
    pub fn is_paid_for_by(&self, entity: &LegalEntity) -> bool {
        self.enrollment.market == entity.code && !self.edition.tariffs.is_empty()
    }

    /// What pay for work with them leans on.
    pub fn facts(&self, entity: &'a LegalEntity) -> PayFacts<'a> {
        let Self { attempts, edition, .. } = *self;
        PayFacts { entity, tariffs: &edition.tariffs, attempts, projects: &edition.projects }
    }
}

impl Payee<'_> {
    /// The lines of what is over of these events at `now`: the sessions that the person held as mentor or
    /// coach, and the defenses they judged, of students that the legal entity pays for.
    pub fn lines(
        &self,
        sessions: &[Session],
        duties: &[JuryDuty],
        students: &[Student<'_>],
        now: Timestamp,
    ) -> Result<Stated, StateError> {
        let of = |enrollment: EnrollmentId| {
            let student = students.iter().find(|student| student.enrollment.id == enrollment);
            student.filter(|student| student.is_paid_for_by(self.entity))
        };
        let mut stated = Stated::default();
        let held = sessions.iter().filter(|session| session.with == self.person);
        for (session, student) in held.filter_map(|session| Some((session, of(session.enrollment)?))) {
            match student.facts(self.entity).session(session, now) {
                Err(StateError::NotOver) => {}
                line => stated.add(line?, student),
            }
        }
        let judged = duties.iter().filter(|duty| duty.juror == self.person);
        for (duty, student) in judged.filter_map(|duty| Some((duty, of(duty.enrollment)?))) {
            stated.add(student.facts(self.entity).duty(duty)?, student);
        }
        Ok(stated)
    }
}

impl Stated {
    fn add(&mut self, line: StatementLine, student: &Student<'_>) {
        let version = line.worked().map(|worked| worked.tariff);
        self.lines.push(line);
        let named = student.edition.tariffs.iter().find(|tariff| Some(tariff.version) == version);
        if let Some(tariff) = named.filter(|named| self.tariffs.iter().all(|known| known != *named)) {
            self.tariffs.push(tariff.clone());
        }
    }
}

/// Whether a closed statement may speak of a session: once it is over. When its month is closed depends on
/// whoever asked for that first.
pub fn may_be_stated(session: &Session, now: Timestamp) -> bool {
    session.ends_at <= now
}
