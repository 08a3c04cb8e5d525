//! The lines for a mentor's seat, one for each degree and language.
//!
//! Whoever joins draws the next number from the line in the transaction that lets them wait. Those before
//! are the smaller numbers that still stand there, so a place only ever becomes a better one.

use domain::enrollment::Enrollment;
use domain::id::{DegreeId, EnrollmentId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Page, Store, StoreError};
use crate::transaction::Transaction;

/// That an enrollment waits for a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingStudent {
    /// What they want to study.
    pub degree: DegreeId,
    /// In which language.
    pub language: String,
    /// The number that they drew.
    pub ticket: u64,
    /// Who.
    pub enrollment: EnrollmentId,
    /// Since when.
    pub since: Timestamp,
}

/// The number that is drawn next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingLine {
    degree: DegreeId,
    language: String,
    next: u64,
}

impl Stored for WaitingStudent {
    const KIND: &'static str = "waiting_student";

    fn key(&self) -> Key {
        Key::WaitingStudent(self.degree.clone(), self.language.clone(), self.ticket)
    }
}

impl Stored for WaitingLine {
    const KIND: &'static str = "waiting_line";

    fn key(&self) -> Key {
        Key::WaitingLine(self.degree.clone(), self.language.clone())
    }
}

impl WaitingLine {
    /// The number that is drawn next.
    pub const fn next(&self) -> u64 {
        self.next
    }
}

impl Store {
    /// A line, to be joined at its end.
    pub async fn waiting_line(
        &self,
        degree: &DegreeId,
        language: &str,
    ) -> Result<Item<WaitingLine>, StoreError> {
        let kept = self.get(&Key::WaitingLine(degree.clone(), language.to_owned())).await?;
        let begun = WaitingLine { degree: degree.clone(), language: language.to_owned(), next: 1 };
        Ok(kept.unwrap_or(Item::new(begun)))
    }

    /// How many wait in a line.
    pub async fn count_waiting(&self, degree: &DegreeId, language: &str) -> Result<u64, StoreError> {
        self.count(&Query::WaitingStudents(degree.clone(), language.to_owned())).await
    }

    /// A page of a line, in order, and where the next one begins.
    pub async fn waiting_students(
        &self,
        degree: &DegreeId,
        language: &str,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<WaitingStudent>, Option<String>), StoreError> {
        let query = Query::WaitingStudents(degree.clone(), language.to_owned());
        let Page { items, next } = self.page(&query, Order::Ascending, after, items_max).await?;
        let students = items.into_iter().map(|item| Ok(from_attributes::<WaitingStudent>(item)?.value));
        Ok((students.collect::<Result<_, StoreError>>()?, next))
    }

    /// Several enrollments, for the system's own jobs; what is not there is left out.
    pub async fn enrollments_for_job(
        &self,
        ids: &[EnrollmentId],
    ) -> Result<Vec<Item<Enrollment>>, StoreError> {
        self.get_many(&Vec::from_iter(ids.iter().copied().map(Key::Enrollment))).await
    }
}

impl<R: Clone> Transaction<'_, R> {
    /// Saves an enrollment and, if it waits, puts it at the end of a line, with the number that it drew there.
    pub fn join_line(self, line: &Item<WaitingLine>, enrollment: &Item<Enrollment>, changed: R) -> Self {
        let Some(waiting) = enrollment.value.waiting else { return self.save(enrollment, changed) };
        let WaitingLine { degree, language, next } = line.value.clone();
        let student = WaitingStudent {
            degree: degree.clone(),
            language: language.clone(),
            ticket: waiting.ticket,
            enrollment: enrollment.value.id,
            since: waiting.since,
        };
        self.save(enrollment, changed.clone())
            .save(&line.clone().with(WaitingLine { degree, language, next: next + 1 }), changed)
            .set(&student)
    }

    /// Takes an enrollment out of its line, where it stood in one.
    pub fn leave_line(self, was: &Enrollment) -> Self {
        let Some(waiting) = was.waiting else { return self };
        self.unset(&Key::WaitingStudent(was.degree.clone(), was.language.clone(), waiting.ticket))
    }
}
