//! A first meeting of a student and a mentor.

use domain::id::{EnrollmentId, PersonId};
use domain::occupancy::{Slot, Week};
use domain::pairing::Hours;
use domain::session::{BookingFacts, INTRODUCED_WITHIN_DAYS, Introduction, introduction_id};
use jiff::{SignedDuration, Timestamp};
use storage::Refused;
use storage::enrollment::Progress;
use storage::queue::Claimed;
use storage::session::{BookRefusal, Calendar};
use storage::transaction::read_again;

use crate::Worker;
use crate::outcome::Unfinished;

/// Books a discovery session with a student's first mentor, or a hand-over with a later one, within a week.
/// Where no hour of the week is free for both, the trail of the enrollment says so.
pub async fn introduce(
    worker: &Worker,
    claimed: &Claimed,
    id: EnrollmentId,
    mentor: PersonId,
) -> Result<(), Unfinished> {
    let changed = |refused: &Refused<BookRefusal>| {
        matches!(refused, Refused::By(BookRefusal::Changed | BookRefusal::Made))
    };
    Ok(read_again(changed, || book(worker, claimed, id, mentor)).await?)
}

async fn book(
    worker: &Worker,
    claimed: &Claimed,
    id: EnrollmentId,
    mentor: PersonId,
) -> Result<(), Refused<BookRefusal>> {
    let now = worker.clock.now(&worker.store).await?;
    let known = worker.store.sessions_for_job(&[introduction_id(id, mentor)]).await?;
    let progress = worker.store.progress_for_job(id).await?.filter(|_| known.is_empty());
    // Whoever is no longer the student's mentor is not introduced.
    let Some((progress, begins)) = progress.and_then(|progress| begins(progress, mentor)) else {
        return worker.store.transaction().finish(claimed).commit().await;
    };
    let enrollment = progress.enrollment.value.clone();
    let edition = worker.store.edition_lately(&enrollment.edition, enrollment.version).await?;
    let today = enrollment.date_at(now);
    let policy = edition.as_ref().map(|edition| edition.session_policy_on(today)).unwrap_or_default();
    let pairing = edition.map(|edition| edition.pairing_policy_on(today));
    let pairing = pairing.unwrap_or(domain::pairing::PairingPolicy::OPENING);
    let availability = worker.store.availability_for_booking(mentor).await?;
    let said = worker.store.availabilities(&[enrollment.student]).await?;
    let seats = worker.store.seats(mentor).await?;
    let weeks = (0..=INTRODUCED_WITHIN_DAYS / 7 + 1)
        .filter_map(|week| begins.max(now).checked_add(SignedDuration::from_hours(24 * 7 * week)).ok())
        .map(Week::of);
    let diaries = worker.store.diaries(&[enrollment.student, mentor], weeks).await?;
    let free = [enrollment.student, mentor].map(|person| diaries.of(person));
    let session = {
        let awake = |slot: Slot| {
            slot.weeks().all(|(week, quarters)| {
                let hours: Hours = pairing.hours_of(said.first(), &enrollment.time_zone, week);
                quarters.bits().all(|quarter| hours.holds(quarter, 1))
            })
        };
        let introduction = Introduction {
            with: mentor,
            zone: &availability.time_zone,
            hour: seats.value.taken.get(&id).and_then(|seat| seat.hour),
            minutes: pairing.session_minutes,
            since: begins,
            diaries: &free,
            suits: &awake,
        };
        BookingFacts::with(&enrollment, &availability, &[], &policy, |facts| {
            introduction.session(&enrollment, facts, now)
        })
    };
    let key = storage::Stored::key(&enrollment);
    let Some(session) = session else {
        tracing::warn!(enrollment = %id, "no hour of the week is free for a first meeting");
        let transaction = worker.store.transaction().audit(&key, "no_hour_to_introduce", "worker", now);
        return transaction.finish(claimed).commit().await;
    };
    let mut calendar = Calendar::new(progress.enrollment, progress.agenda, diaries);
    calendar.add(session, now).map_err(|misfit| Refused::By(misfit.into()))?;
    let transaction = worker.store.keep_calendar(&calendar).audit(&key, "introduce", "worker", now);
    transaction.finish(claimed).commit().await
}

/// The progress of an enrollment whose mentor until further notice somebody is, and since when.
fn begins(progress: Progress, mentor: PersonId) -> Option<(Progress, Timestamp)> {
    let enrollment = &progress.enrollment.value;
    let mut own = enrollment.mentors.iter().filter(|it| it.mentor == mentor && it.to.is_none());
    let begins = own.next().and_then(|assignment| enrollment.time_zone.start_of(assignment.from).ok())?;
    Some((progress, begins))
}
