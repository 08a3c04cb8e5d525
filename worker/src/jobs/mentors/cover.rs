//! Covers for mentors on holiday.

use std::collections::BTreeSet;

use domain::availability::Holiday;
use domain::billing::Terms;
use domain::commitment::Commitment;
use domain::enrollment::{Enrollment, MentorAssignment};
use domain::id::{AssignmentId, CommitmentId, EnrollmentId, PersonId};
use domain::occupancy::Week;
use domain::pairing::Pairing;
use domain::session::SessionKind;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use storage::queue::Claimed;
use storage::seat::Mentor;
use storage::transaction::read_again;

use super::super::finish;
use super::match_students::{matched, read_mentors};
use super::{Search, by_person, edition_of, editions, next_night, terms, tied, was_changed};
use crate::Worker;
use crate::outcome::Unfinished;

/// How long before a holiday a cover is looked for: as far ahead as sessions are booked, and two weeks.
const LOOKED_FOR_DAYS: i64 = 70;

/// Finds somebody for each student of a mentor who is away, with a weekly hour while it lasts, and calls off
/// what was booked with the mentor in it. Comes again every night while somebody has no cover.
pub async fn cover_holidays(worker: &Worker, claimed: &Claimed, mentor: PersonId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let said = worker.store.availability_for_booking(mentor).await?;
    let today = said.time_zone.date_at(now);
    let ahead = said.holidays.iter().filter(|holiday| today <= holiday.last_on);
    let (near, far): (Vec<Holiday>, Vec<Holiday>) =
        ahead.partition(|holiday| holiday.first_on <= today.saturating_add(LOOKED_FOR_DAYS.days()));
    let mut uncovered = 0;
    for holiday in near {
        let from = holiday.first_on.max(today);
        let Ok(begins) = said.time_zone.start_of(from) else { continue };
        let covering = Covering { worker, claimed, mentor, from, to: behind(holiday.last_on), begins, now };
        uncovered += covering.cover().await?;
    }
    if uncovered > 0 {
        tracing::warn!(%mentor, uncovered, "no cover was found for students of a mentor on holiday");
    }
    if uncovered == 0 && far.is_empty() {
        return finish(worker, claimed).await;
    }
    let transaction = worker.store.transaction::<()>().finish_until(claimed, next_night(now));
    Ok(transaction.commit().await?)
}

fn behind(date: Date) -> Date {
    date.saturating_add(1.day())
}

/// One holiday.
struct Covering<'a> {
    worker: &'a Worker,
    claimed: &'a Claimed,
    mentor: PersonId,
    from: Date,
    to: Date,
    begins: Timestamp,
    now: Timestamp,
}

impl Covering<'_> {
    /// Covers whoever has no cover yet, and says how many could not be covered.
    async fn cover(&self) -> Result<usize, Unfinished> {
        let students = self.students().await?;
        let editions = editions(self.worker).await?;
        let Some(edition) = students.first().and_then(|first| edition_of(&editions, first)) else {
            return Ok(0);
        };
        let search = Search { week: Week::of(self.begins), ..Search::new(edition, self.now) };
        let degrees = BTreeSet::from_iter(students.iter().map(|student| student.degree.clone()));
        let mentors = read_mentors(self.worker, &degrees, &search).await?;
        let people = Vec::from_iter(students.iter().map(|student| student.student));
        let said = self.worker.store.availabilities(&people).await?;
        let ids = Vec::from_iter(students.iter().map(|student| student.id));
        let conflicts = self.worker.store.conflicts_for_job(&ids).await?;
        let seekers = students.iter().map(|student| {
            let own = said.iter().find(|said| said.person == student.student);
            let mut seeker = search.seeker(student, edition_of(&editions, student), own, self.now);
            let ties = conflicts.iter().find(|set| set.enrollment() == student.id);
            seeker.barred = ties.map(tied).unwrap_or_default();
            seeker.barred.insert(self.mentor);
            seeker
        });
        let present = |mentor: &&Mentor| {
            let days = (0..7).map(|day| self.from.saturating_add(day.days()));
            !days.into_iter().take_while(|date| *date < self.to).any(|date| mentor.availability.is_away(date))
        };
        let candidates = mentors.iter().filter(present);
        let candidates = candidates.map(|mentor| mentor.candidate(&search.policy, search.week)).collect();
        let (_, _, pairings) = matched(seekers.collect(), candidates, search).await?;
        let mentors = by_person(mentors);
        let mut lost = 0;
        for pairing in &pairings.placed {
            let student = students.iter().find(|student| student.id == pairing.enrollment);
            let from = student.and_then(|student| self.uncovered_from(student));
            let terms =
                student.and_then(|student| Some(terms(student, edition_of(&editions, student)?, self.now)));
            if let (Some(cover), Some(from), Some(terms)) = (mentors.get(&pairing.mentor), from, terms) {
                let assign = || self.assign(pairing, cover, from, &terms, &search);
                lost += match read_again(was_changed, assign).await {
                    Ok(assigned) => usize::from(!assigned),
                    // The others are not to go without for what is wrong with one.
                    Err(Unfinished::GiveUp(reason)) => {
                        tracing::error!(enrollment = %pairing.enrollment, reason, "no cover can be assigned");
                        1
                    }
                    Err(unfinished) => return Err(unfinished),
                };
            }
        }
        Ok(pairings.unseated.len() + lost)
    }

    /// The mentor's students who study then and have no cover for it.
    async fn students(&self) -> Result<Vec<Enrollment>, Unfinished> {
        let seats = self.worker.store.seats(self.mentor).await?;
        let ids = Vec::from_iter(seats.value.taken.keys().copied());
        let enrollments = self.worker.store.enrollments_for_job(&ids).await?.into_iter();
        let enrollments = enrollments.map(|item| item.value.as_of(self.now));
        Ok(enrollments.filter(|student| self.uncovered_from(student).is_some()).collect())
    }

    /// The first date of the holiday on which a student would meet the mentor.
    fn uncovered_from(&self, student: &Enrollment) -> Option<Date> {
        let dates = self.from.series(1.day()).take_while(|date| *date < self.to);
        let mut dates = dates.skip_while(|date| student.mentor_on(*date) != Some(self.mentor));
        dates.next()
    }

    /// Assigns a cover from a date on; false where the student, or the seat, is gone.
    async fn assign(
        &self,
        pairing: &Pairing,
        cover: &Mentor,
        from: Date,
        terms: &Terms,
        search: &Search,
    ) -> Result<bool, Unfinished> {
        let id: EnrollmentId = pairing.enrollment;
        let store = &self.worker.store;
        let Some(progress) = store.progress_for_job(id).await? else { return Ok(false) };
        let student = progress.enrollment.value.student;
        let words = [id.to_string(), pairing.mentor.to_string(), from.to_string()];
        let words = words.each_ref().map(String::as_str);
        let assignment = MentorAssignment {
            id: AssignmentId::derived(&words),
            mentor: pairing.mentor,
            from,
            to: Some(self.to),
        };
        let seats = store.seats(pairing.mentor).await?;
        let mut assigning =
            search.assigning(pairing, seats, cover.capacity(&search.policy), from, Some(self.to));
        assigning.assignment = assignment;
        // Whoever ended their study, or lost the seat to somebody else, is looked at again tonight.
        let Ok(assigned) = progress.assign(assigning, terms, self.now) else { return Ok(false) };
        let zone = cover.availability.time_zone.clone();
        let series = Commitment {
            id: CommitmentId::derived(&words),
            enrollment: id,
            student,
            with: pairing.mentor,
            kind: SessionKind::Mentoring,
            time_zone: zone,
            weekday: pairing.hour.weekday,
            local_time: pairing.hour.local_time,
            minutes: pairing.hour.minutes,
            first_on: from,
            ends_on: Some(self.to.saturating_sub(1.day())),
            materialized_through: None,
            told_through: None,
        };
        let lists = [store.listed_series(student).await?, store.listed_series(pairing.mentor).await?];
        let transaction = store
            .transaction::<&str>()
            .assign(&assigned, self.now, "the enrollment or the seats")
            .begin_series(&series, lists, self.now, "the series")
            .audit(&assigned.key(), "cover_holiday", "worker", self.now)
            .checkpoint(self.claimed);
        transaction.commit().await?;
        Ok(true)
    }
}
