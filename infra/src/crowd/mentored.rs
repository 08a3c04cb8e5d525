//! A crowd whose students meet their mentors every week.

use domain::availability::{Availability, EndTime, LocalTime, Weekday, Window};
use domain::commitment::Commitment;
use domain::enrollment::{Enrollment, MentorAssignment};
use domain::id::{AssignmentId, CommitmentId, PersonId};
use domain::job::Job;
use domain::session::SessionKind;
use jiff::Timestamp;
use jiff::civil::Date;
use storage::Store;
use storage::commitment::PersonSeries;

use super::{Crowd, EDITION, refused, unknown};
use crate::local_store::StartError;

const WEEKDAYS: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
/// When mentors begin on each of these days, and when they end.
const OPEN: (u8, &str) = (8, "20:00");

/// Students with a weekly series each.
#[derive(Debug, Clone)]
pub struct Mentored {
    /// The students.
    pub crowd: Crowd,
    /// How many one mentor has: 60 at most, one for each hour of the week.
    pub students_a_mentor: u32,
    /// Up to which date sessions count as made.
    pub made_through: Option<Date>,
}

impl Mentored {
    /// The mentor of a student.
    pub fn mentor(&self, index: u32) -> PersonId {
        PersonId::derived(&[&format!("mentor {}", index / self.students_a_mentor)])
    }

    /// The series of a student, at an hour of the mentor's week that no other one has.
    pub fn series(&self, index: u32, enrollment: &Enrollment) -> Commitment {
        let slot = (index % self.students_a_mentor) as usize;
        let (weekday, hour) = (WEEKDAYS[slot % WEEKDAYS.len()], (slot / WEEKDAYS.len()) as u8);
        Commitment {
            id: CommitmentId::derived(&[&index.to_string()]),
            enrollment: enrollment.id,
            student: enrollment.student,
            with: self.mentor(index),
            kind: SessionKind::Mentoring,
            time_zone: self.crowd.time_zone.clone(),
            weekday,
            local_time: LocalTime::hour(OPEN.0 + hour),
            minutes: 45,
            first_on: self.crowd.since,
            ends_on: None,
            materialized_through: self.made_through,
            told_through: Some(Date::MAX),
        }
    }

    /// Keeps students, mentors and series, and asks for those of each mentor to be extended.
    pub async fn enroll(&self, store: &Store, due_at: Timestamp) -> Result<(), StartError> {
        let edition = store.edition(&EDITION.parse().map_err(unknown)?, 1).await?;
        let offer = edition.and_then(|edition| edition.offer(self.crowd.since));
        let offer = offer.ok_or_else(|| unknown("no offer"))?;
        for first in (0..self.crowd.students).step_by(self.students_a_mentor as usize) {
            let with = self.mentor(first);
            let mut transactions = vec![store.transaction::<()>().set(&self.hours(with)?)];
            let mut listed = Vec::new();
            for index in first..self.crowd.students.min(first + self.students_a_mentor) {
                let mut enrollment =
                    self.crowd.enrollment(index, &offer).ok_or_else(|| unknown("no place"))?;
                let id = AssignmentId::derived(&[&index.to_string()]);
                enrollment.mentors =
                    vec![MentorAssignment { id, mentor: with, from: self.crowd.since, to: None }];
                let series = self.series(index, &enrollment);
                listed.push((enrollment.id, series.id));
                transactions.push(store.transaction().set(&enrollment).set(&series));
            }
            // The job comes with the list that it reads.
            let list = store.transaction().set(&PersonSeries::of(with, listed));
            transactions.push(list.enqueue(&Job::ExtendSeries { with }, due_at));
            for transaction in transactions {
                transaction.commit().await.map_err(refused)?;
            }
        }
        Ok(())
    }

    fn hours(&self, person: PersonId) -> Result<Availability, StartError> {
        let to: EndTime = OPEN.1.to_owned().try_into().map_err(unknown)?;
        let weekly = WEEKDAYS.map(|weekday| Window { weekday, from: LocalTime::hour(OPEN.0), to }).into();
        let time_zone = self.crowd.time_zone.clone();
        Ok(Availability { time_zone, weekly, ..Availability::undeclared(person) })
    }
}
