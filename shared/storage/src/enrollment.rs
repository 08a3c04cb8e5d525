//! Enrollments: the one partition that holds a student's progress.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::agenda::Agenda;
use domain::attempt::Attempt;
use domain::commitment::Commitment;
use domain::conflict::ConflictSet;
use domain::enrollment::Enrollment;
use domain::id::{DegreeId, EnrollmentId, PersonId, ProjectId};
use domain::job::Job;
use domain::permission::{Loaded, Relation, Subject};
use domain::person::Scope;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Entries, Item, Stored, from_attributes, kind_of, to_attributes};
use crate::key::{Key, Query};
use crate::queue;
use crate::run::BillingDay;
use crate::store::{Order, Page, Store, StoreError};
use crate::transaction::Transaction;

/// Markets whose editions were sold before enrollments named theirs, by the currency of the price.
const MARKETS_BEFORE_2: [(&str, &str); 7] =
    [("EUR", "FR"), ("GBP", "GB"), ("JPY", "JP"), ("KWD", "KW"), ("TND", "TN"), ("USD", "US"), ("XAF", "CM")];

impl Stored for Enrollment {
    const KIND: &'static str = "enrollment";
    const SCHEMA: u32 = 2;

    /// Where runs look for it: under the day on which its last segment's months begin, while it lives.
    fn entries(&self, queue: &queue::Settings) -> Result<Entries, StoreError> {
        let mut entries = Entries::default();
        let current = self.segments.last().filter(|_| self.is_live()).map(|last| last.anchor.day());
        let listed = |day: i8| BillingDay {
            entity: self.market.clone(),
            shard: queue.shard(self.id.uuid()),
            day,
            facts: self.billing_facts(),
        };
        if let Some(day) = current {
            entries.there.push(to_attributes(&listed(day), 1)?);
        }
        let days = BTreeSet::from_iter(self.segments.iter().map(|segment| segment.anchor.day()));
        let gone = days.into_iter().filter(|day| Some(*day) != current);
        entries.gone.extend(gone.map(|day| listed(day).key()));
        Ok(entries)
    }

    fn upcast(_schema: u32, mut value: AttributeValue) -> AttributeValue {
        if let AttributeValue::M(enrollment) = &mut value {
            let currency =
                enrollment.get("monthly_price").and_then(|price| price.as_m().ok()?.get("currency"));
            let sold_in = |code: &AttributeValue| {
                let market = MARKETS_BEFORE_2.iter().find(|(of, _)| code.as_s().is_ok_and(|code| code == of));
                market.map(|(_, market)| AttributeValue::S((*market).into()))
            };
            if let Some(market) = currency.and_then(sold_in) {
                enrollment.insert("market".into(), market);
            }
        }
        value
    }

    fn key(&self) -> Key {
        Key::Enrollment(self.id)
    }
}

impl Stored for Attempt {
    const KIND: &'static str = "attempt";

    fn key(&self) -> Key {
        Key::Attempt(self.enrollment, self.project.clone())
    }
}

impl Stored for ConflictSet {
    const KIND: &'static str = "conflicts";

    fn key(&self) -> Key {
        Key::Conflicts(self.enrollment())
    }
}

impl Stored for Agenda {
    const KIND: &'static str = "agenda";

    fn key(&self) -> Key {
        Key::Agenda(self.enrollment)
    }
}

impl Stored for Commitment {
    const KIND: &'static str = "commitment";

    fn key(&self) -> Key {
        Key::Commitment(self.enrollment, self.id)
    }
}

/// That a student lives on a degree: one live enrollment each.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Living {
    student: PersonId,
    degree: DegreeId,
    enrollment: EnrollmentId,
}

impl Stored for Living {
    const KIND: &'static str = "live";

    fn key(&self) -> Key {
        Key::Live(self.student, self.degree.clone())
    }
}

/// That an enrollment concerns a person: its student, a mentor, a coach.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PersonEnrollment {
    person: PersonId,
    /// Which.
    pub enrollment: EnrollmentId,
}

impl Stored for PersonEnrollment {
    const KIND: &'static str = "person_enrollment";

    fn key(&self) -> Key {
        Key::PersonEnrollment(self.person, self.enrollment)
    }
}

/// All that a student's progress shows, as one query reads it.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The enrollment.
    pub enrollment: Item<Enrollment>,
    /// Its attempts, in the order of the path; none before it is active.
    pub attempts: Vec<Item<Attempt>>,
    /// Who may not judge.
    pub conflicts: Item<ConflictSet>,
    /// Its next sessions.
    pub agenda: Item<Agenda>,
    /// Its weekly series.
    pub commitments: Vec<Item<Commitment>>,
}

impl Progress {
    /// The attempts, taken out of their items.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.attempts.iter().map(|item| item.value.clone()).collect()
    }

    /// The attempt at a project.
    pub fn attempt(&self, project: &ProjectId) -> Option<&Item<Attempt>> {
        self.attempts.iter().find(|attempt| attempt.value.project == *project)
    }
}

impl Subject for Progress {
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation> {
        self.enrollment.value.relations(person, now)
    }

    fn scope(&self) -> Scope {
        self.enrollment.value.scope()
    }
}

/// The most items a progress read shows: projects, series and four more.
const PROGRESS_MAX: u16 = 100;

/// Why an enrollment was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenRefusal {
    /// The student lives on the degree already.
    AlreadyEnrolled,
    /// The id is taken.
    Taken,
}

impl Store {
    /// A student's progress: one query.
    pub async fn progress(&self, id: EnrollmentId) -> Result<Option<Loaded<Progress>>, StoreError> {
        Ok(self.progress_for_job(id).await?.map(|progress| self.loaded(progress)))
    }

    /// A student's progress, for the system's own jobs, which need no permission.
    pub async fn progress_for_job(&self, id: EnrollmentId) -> Result<Option<Progress>, StoreError> {
        let mut enrollment = None;
        let mut conflicts = None;
        let mut agenda = None;
        let (mut attempts, mut commitments) = (Vec::new(), Vec::new());
        for attributes in self.all(&Query::Progress(id), PROGRESS_MAX).await? {
            match kind_of(&attributes) {
                Some(Enrollment::KIND) => enrollment = Some(from_attributes::<Enrollment>(attributes)?),
                Some(ConflictSet::KIND) => conflicts = Some(from_attributes(attributes)?),
                Some(Agenda::KIND) => agenda = Some(from_attributes(attributes)?),
                Some(Attempt::KIND) => attempts.push(from_attributes::<Attempt>(attributes)?),
                Some(Commitment::KIND) => commitments.push(from_attributes(attributes)?),
                other => return Err(StoreError::Kind { expected: "progress", found: format!("{other:?}") }),
            }
        }
        let Some(enrollment) = enrollment else { return Ok(None) };
        attempts.sort_by_key(|attempt| attempt.value.ordinal);
        let student = enrollment.value.student;
        Ok(Some(Progress {
            enrollment,
            attempts,
            conflicts: conflicts.unwrap_or_else(|| Item::new(ConflictSet::new(id, student))),
            agenda: agenda.unwrap_or_else(|| Item::new(Agenda::empty(id))),
            commitments,
        }))
    }

    /// An enrollment alone.
    pub async fn enrollment(&self, id: EnrollmentId) -> Result<Option<Loaded<Item<Enrollment>>>, StoreError> {
        Ok(self.enrollment_for_job(id).await?.map(|item| self.loaded(item)))
    }

    /// An enrollment alone, for the system's own jobs, which need no permission.
    pub async fn enrollment_for_job(&self, id: EnrollmentId) -> Result<Option<Item<Enrollment>>, StoreError> {
        self.get(&Key::Enrollment(id)).await
    }

    /// A page of the enrollments that concern a person, and where the next one begins.
    pub async fn enrollments_of(
        &self,
        person: PersonId,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Item<Enrollment>>, Option<String>), StoreError> {
        let Page { items, next } =
            self.page(&Query::PersonEnrollments(person), Order::Ascending, after, items_max).await?;
        let links = items.into_iter().map(from_attributes::<PersonEnrollment>);
        let keys = links.map(|link| Ok(Key::Enrollment(link?.value.enrollment)));
        let keys: Vec<Key> = keys.collect::<Result<_, StoreError>>()?;
        Ok((self.get_many(&keys).await?, next))
    }

    /// Keeps a new enrollment: quoted, the student's only live one on the degree, and with the job
    /// that lets the quote go.
    pub fn open_enrollment(
        &self,
        enrollment: &Enrollment,
        expires_at: Timestamp,
    ) -> Transaction<'_, OpenRefusal> {
        let Enrollment { id, student, degree, .. } = enrollment;
        let living = Living { student: *student, degree: degree.clone(), enrollment: *id };
        self.transaction()
            .create(&living, OpenRefusal::AlreadyEnrolled)
            .create(enrollment, OpenRefusal::Taken)
            .set(&PersonEnrollment { person: *student, enrollment: *id })
            .set(&ConflictSet::new(*id, *student))
            .enqueue(&Job::ApplyPlanned { enrollment: *id, at: expires_at }, expires_at)
    }
}

impl<R> Transaction<'_, R> {
    /// Shows an enrollment in the list of a person that it concerns.
    pub fn concerns(self, person: PersonId, enrollment: EnrollmentId) -> Self {
        self.set(&PersonEnrollment { person, enrollment })
    }

    /// Asks for what is planned for an enrollment, at the instant it is planned for.
    pub fn then_planned(self, enrollment: &Enrollment) -> Self {
        let Some(Ok(at)) = enrollment.next_change_at() else { return self };
        self.enqueue(&Job::ApplyPlanned { enrollment: enrollment.id, at }, at)
    }

    /// Lets the student enroll on the degree again.
    pub fn no_longer_live(self, enrollment: &Enrollment) -> Self {
        self.unset(&Key::Live(enrollment.student, enrollment.degree.clone()))
    }
}
