//! Many students at once, all in the middle of their study: for load, crash and race tests.

use domain::billing::Segment;
use domain::enrollment::{Application, Contract, Enrollment, Offer, PaymentMethod, State};
use domain::id::{EnrollmentId, PersonId};
use domain::time::Zone;
use jiff::civil::Date;
use storage::Store;
use storage::store::StoreError;
use storage::transaction::OPERATIONS_MAX;

use crate::local_store::StartError;

mod defended; // whose defenses were held
mod mentored; // with weekly series

pub use defended::Defended;
pub use mentored::Mentored;

/// The edition they study on, as in the sample catalog.
pub const EDITION: &str = "web-development-gb";

/// What all students of a crowd have in common.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// How many.
    pub students: u32,
    /// The first date of their first month, which was billed before.
    pub since: Date,
    /// The zone they live in.
    pub time_zone: Zone,
    /// How they pay.
    pub method: PaymentMethod,
}

impl Crowd {
    /// One of the enrollments, the same each time.
    pub fn enrollment(&self, index: u32, offer: &Offer) -> Option<Enrollment> {
        let name = format!("crowd {index}");
        let application = Application {
            id: EnrollmentId::derived(&[&name]),
            student: PersonId::derived(&[&name]),
            language: "en".into(),
            time_zone: self.time_zone.clone(),
            hours_per_week: 20,
            start_on: self.since,
            recognized_skills: Default::default(),
        };
        let accepted_at = self.time_zone.start_of(self.since).ok()?;
        let enrollment = Enrollment::apply(application, offer).ok()?;
        Some(Enrollment {
            state: State::Active,
            contract: Some(Contract { version: offer.contract_version, accepted_at }),
            segments: vec![Segment::new(1, self.since)],
            ..enrollment.paid_by(self.method.clone())
        })
    }

    /// Keeps all of them, and asks for the run over the date on which their second month begins.
    pub async fn enroll(&self, store: &Store) -> Result<(), StartError> {
        let edition = store.edition(&EDITION.parse().map_err(unknown)?, 1).await?;
        let offer =
            edition.and_then(|edition| edition.offer(self.since)).ok_or_else(|| unknown("no offer"))?;
        let on = Segment::new(1, self.since).period(1).from;
        for first in (0..self.students).step_by(OPERATIONS_MAX / 2) {
            let last = self.students.min(first + OPERATIONS_MAX as u32 / 2);
            let each = (first..last).filter_map(|index| self.enrollment(index, &offer));
            let transaction =
                each.fold(store.transaction::<()>(), |transaction, enrollment| transaction.set(&enrollment));
            transaction.commit().await.map_err(refused)?;
        }
        for shard in 0..store.billing_shards() {
            let transaction = store.transaction::<()>().ask_run(&offer.market, on, shard);
            transaction.commit().await.map_err(refused)?;
        }
        tracing::info!(students = self.students, %on, "a crowd is enrolled");
        Ok(())
    }
}

fn unknown(reason: impl ToString) -> StartError {
    StartError::Catalog(reason.to_string())
}

fn refused(refused: storage::Refused<()>) -> StartError {
    StartError::Store(StoreError::Unavailable(refused.to_string()))
}
