//! What billing knows of an enrollment: enough to say what a period costs whom, and no more.
//!
//! It stands in the list that runs look at, written together with each enrollment, so that a run over a
//! million of them reads nothing else.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Due, Payer, Segment, due_on, periods_after};
use crate::enrollment::Enrollment;
use crate::id::{EditionId, EnrollmentId, PersonId};
use crate::money::Money;
use crate::time::Zone;

/// What billing knows of an enrollment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingFacts {
    /// Whose months.
    pub enrollment: EnrollmentId,
    /// Who studies.
    pub student: PersonId,
    /// On which edition.
    pub edition: EditionId,
    /// In which version.
    pub version: u32,
    /// The zone whose calendar says when a date begins.
    pub time_zone: Zone,
    /// What a month costs.
    pub monthly_price: Money,
    /// Who pays it; nobody named is the student for all of it.
    pub payers: Vec<Payer>,
    /// The active time.
    pub segments: Vec<Segment>,
}

impl Enrollment {
    /// What billing knows of it.
    pub fn billing_facts(&self) -> BillingFacts {
        BillingFacts {
            enrollment: self.id,
            student: self.student,
            edition: self.edition.clone(),
            version: self.version,
            time_zone: self.time_zone.clone(),
            monthly_price: self.monthly_price,
            payers: self.payers.clone(),
            segments: self.segments.clone(),
        }
    }
}

impl BillingFacts {
    /// The period that begins on a date, if it is owed.
    pub fn due_on(&self, date: Date) -> Option<Due> {
        due_on(&self.segments, date)
    }

    /// The period that is owed after one.
    pub fn next_after(&self, due: &Due) -> Option<Due> {
        periods_after(&self.segments, Some(due.key)).next()
    }
}
