//! The students of a mentor who leaves: others are found for them by the day, or their billing stops.

use std::collections::BTreeSet;

use domain::enrollment::{Enrollment, PauseRefused, Waiting};
use domain::id::{EnrollmentId, PersonId};
use domain::job::Job;
use domain::pairing::{Pairing, Why};
use domain::time::Zone;
use jiff::Timestamp;
use jiff::civil::Date;
use storage::Stored;
use storage::queue::Claimed;
use storage::seat::Mentor;
use storage::transaction::read_again;

use super::super::bill::edition;
use super::super::finish;
use super::match_students::{matched, read_mentors};
use super::{Search, by_person, edition_of, editions, next_night, terms, tied, was_changed};
use crate::Worker;
use crate::outcome::Unfinished;

/// Finds another mentor for each student of one who leaves, and comes again every night while somebody has
/// none. From the day on whoever has none is paused, and what they paid for is credited.
///
/// Only the leaver's own students move: nobody else's mentor is asked for.
pub async fn hand_over(worker: &Worker, claimed: &Claimed, mentor: PersonId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(departure) = worker.store.departure_for_job(mentor).await? else {
        return finish(worker, claimed).await;
    };
    let students = students_of(worker, mentor, departure.value.leaves_on).await?;
    let said_zone = worker.store.availability_for_booking(mentor).await?.time_zone;
    let editions = editions(worker).await?;
    let Some(edition) = students.first().and_then(|first| edition_of(&editions, first)) else {
        let day = departure.value.leaves_on;
        // Whoever had nobody on the day stays counted.
        let unplaced = if day <= said_zone.date_at(now) { departure.value.unplaced } else { 0 };
        return end(worker, claimed, mentor, unplaced, not_before(now, &said_zone, day)).await;
    };
    let search = Search::new(edition, now);
    let degrees = BTreeSet::from_iter(students.iter().map(|student| student.degree.clone()));
    let mentors = read_mentors(worker, &degrees, &search).await?;
    let people = Vec::from_iter(students.iter().map(|student| student.student));
    let said = worker.store.availabilities(&people).await?;
    let ids = Vec::from_iter(students.iter().map(|student| student.id));
    let conflicts = worker.store.conflicts_for_job(&ids).await?;
    let seekers = students.iter().map(|student| {
        let own = said.iter().find(|said| said.person == student.student);
        let mut seeker = search.seeker(student, edition_of(&editions, student), own, departure.value.said_at);
        seeker.barred =
            conflicts.iter().find(|set| set.enrollment() == student.id).map(tied).unwrap_or_default();
        seeker.barred.insert(mentor);
        seeker
    });
    let candidates = mentors.iter().map(|mentor| mentor.candidate(&search.policy, search.week)).collect();
    let (_, _, pairings) = matched(seekers.collect(), candidates, search).await?;

    let mut mentors = by_person(mentors);
    let leaving = Leaving { worker, claimed, leaves_on: departure.value.leaves_on, search };
    for pairing in &pairings.placed {
        if let Some(next) = mentors.get_mut(&pairing.mentor) {
            read_again(was_changed, || leaving.replace(pairing, next)).await?;
        }
    }
    let day = departure.value.leaves_on;
    let left = students_of(worker, mentor, day).await?;
    for student in left.iter().filter(|student| day <= student.date_at(now)) {
        read_again(was_changed, || leaving.stop(student.id)).await?;
    }
    let days = left.iter().filter_map(|student| student.time_zone.start_of(day).ok());
    let next = days.filter(|begins| now < *begins).chain([next_night(now)]).min();
    let next = next.filter(|_| !left.is_empty()).or(not_before(now, &said_zone, day));
    end(worker, claimed, mentor, left.len() as u64, next).await
}

/// When to look again where nobody is left: every night until the day has come, since a seat may have been
/// promised in the very moment of the notice.
fn not_before(now: Timestamp, zone: &Zone, day: Date) -> Option<Timestamp> {
    (zone.date_at(now) <= day).then(|| next_night(now))
}

/// The students who would study with a mentor on a date, or longer.
async fn students_of(worker: &Worker, mentor: PersonId, day: Date) -> Result<Vec<Enrollment>, Unfinished> {
    let seats = worker.store.seats(mentor).await?;
    let ids = Vec::from_iter(seats.value.taken.keys().copied());
    let enrollments = worker.store.enrollments_for_job(&ids).await?.into_iter().map(|item| item.value);
    let theirs = |enrollment: &Enrollment| {
        let mut own = enrollment.mentors.iter().filter(|assignment| assignment.mentor == mentor);
        enrollment.is_live() && own.any(|assignment| assignment.to.is_none_or(|to| day < to))
    };
    Ok(enrollments.filter(theirs).collect())
}

/// A mentor who leaves, and what each step leans on.
struct Leaving<'a> {
    worker: &'a Worker,
    claimed: &'a Claimed,
    leaves_on: Date,
    search: Search,
}

impl Leaving<'_> {
    /// Lets another mentor take a student over on the day, and asks for the hand-over.
    async fn replace(&self, pairing: &Pairing, next: &Mentor) -> Result<(), Unfinished> {
        let Self { worker, claimed, leaves_on, search } = self;
        let (now, id) = (search.now, pairing.enrollment);
        let Some(progress) = worker.store.progress_for_job(id).await? else { return Ok(()) };
        let seats = worker.store.seats(pairing.mentor).await?;
        let enrollment = &progress.enrollment.value;
        let from = (*leaves_on).max(enrollment.date_at(now));
        let edition = edition(worker, &enrollment.edition, enrollment.version).await?;
        let (terms, frees_by) = (terms(enrollment, &edition, now), enrollment.done_by(&edition, from));
        let assigning = search.assigning(pairing, seats, next.capacity(&search.policy), from, frees_by);
        // Whoever ended their study, or lost the seat to somebody else, is looked at again tonight.
        let Ok(assigned) = progress.assign(assigning, &terms, now) else { return Ok(()) };
        let transaction = worker
            .store
            .transaction::<&str>()
            .assign(&assigned, now, "the enrollment or the seats")
            .introduce(&assigned.enrollment.value, now)
            .audit(&assigned.key(), "hand_over", "worker", now)
            .checkpoint(claimed);
        Ok(transaction.commit().await?)
    }

    /// Stops the study of somebody who has no mentor from today on, credits it from its first day, and puts them
    /// into the line for a seat.
    async fn stop(&self, id: EnrollmentId) -> Result<(), Unfinished> {
        let Self { worker, claimed, search, .. } = self;
        let now = search.now;
        let Some(enrollment) = worker.store.enrollment_for_job(id).await? else { return Ok(()) };
        let (degree, language) = (enrollment.value.degree.clone(), enrollment.value.language.clone());
        let line = worker.store.waiting_line(&degree, &language).await?;
        let place = worker.store.count_waiting(&degree, &language).await? + 1;
        let waiting = Waiting {
            since: enrollment.value.studies_since().unwrap_or(now),
            ticket: line.value.next(),
            place,
            expected_on: None,
            why: Why::Capacity,
        };
        let stop = |enrollment: Enrollment| {
            let stopped = enrollment.without_mentor(now)?;
            let waits = stopped.seeks_mentor();
            Ok::<_, PauseRefused>(if waits { stopped.waits(waiting) } else { stopped })
        };
        let stopped = enrollment.try_map(stop);
        let Ok(stopped) = stopped else { return Ok(()) };
        let transaction = worker
            .store
            .transaction::<&str>()
            .join_line(&line, &stopped, "the enrollment or the line")
            .then_planned(&stopped.value)
            .credit_unused(&stopped.value, now)
            .enqueue(&Job::ArrangeSessions { enrollment: id }, now)
            .enqueue(&Job::MatchStudents { asked_at: None }, next_night(now))
            .audit(&stopped.value.key(), "pause_without_mentor", "worker", now)
            .checkpoint(claimed);
        Ok(transaction.commit().await?)
    }
}

/// Keeps how many students are left, and looks again at an instant, if at all.
async fn end(
    worker: &Worker,
    claimed: &Claimed,
    mentor: PersonId,
    unplaced: u64,
    next: Option<Timestamp>,
) -> Result<(), Unfinished> {
    let transaction = worker.store.transaction::<&str>();
    let transaction = match worker.store.departure_for_job(mentor).await? {
        Some(mut departure) if departure.value.unplaced != unplaced => {
            departure.value.unplaced = unplaced;
            transaction.save(&departure, "the departure")
        }
        _ => transaction,
    };
    let transaction = match next {
        Some(next) => transaction.finish_until(claimed, next),
        None => transaction.finish(claimed),
    };
    Ok(transaction.commit().await?)
}
