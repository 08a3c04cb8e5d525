//! Sessions follow what happens to their enrollment and its series.

use std::collections::BTreeSet;

use domain::availability::Availability;
use domain::commitment::Commitment;
use domain::enrollment::Enrollment;
use domain::id::{EnrollmentId, PersonId};
use domain::job::Job;
use domain::permission::Role;
use domain::session::{Session, SessionState, Side};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use storage::queue::Claimed;
use storage::session::{BookRefusal, Calendar, weeks_of};
use storage::transaction::read_again;
use storage::{Item, Refused, Stored};

use super::mentors::arrange_seats;
use super::series::{SeriesId, book_due, was_changed};
use crate::Worker;
use crate::outcome::Unfinished;

/// Who writes to the audit trail here.
const BY: &str = "job";

/// Sessions called off in one transaction: eight items each at most (itself, its telling, its pay, its trail, two
/// weeks of two people), they stay below its bound.
const CALLED_OFF_AT_ONCE: usize = 10;

type Written = Result<(), Refused<BookRefusal>>;

/// Brings an enrollment's sessions in line with its active time and its series: what may not be held
/// any more is called off free of charge, what may be held again is booked, and the series of whoever left end.
/// Its defenses and its seats follow, on the day on which a mentor hands over too.
pub async fn arrange(worker: &Worker, claimed: &Claimed, enrollment: EnrollmentId) -> Result<(), Unfinished> {
    while read_again(was_changed, || call_off(worker, enrollment)).await? == CALLED_OFF_AT_ONCE {}
    if let Some(progress) = worker.store.progress_for_job(enrollment).await? {
        let is_live = progress.enrollment.value.is_live();
        for Item { value: Commitment { id, with, .. }, .. } in progress.commitments {
            if is_live {
                read_again(was_changed, || make_again(worker, with, (enrollment, id))).await?;
            } else {
                read_again(was_changed, || end_series(worker, (enrollment, id))).await?;
            }
        }
    }
    let now = worker.clock.now(&worker.store).await?;
    let defenses = Job::ArrangeDefenses { enrollment, at: now };
    worker.store.transaction::<()>().enqueue(&defenses, now).commit().await?;
    arrange_seats(worker, claimed, enrollment).await
}

/// Calls off some of the sessions that may not be held, and says how many.
async fn call_off(worker: &Worker, enrollment: EnrollmentId) -> Result<usize, Refused<BookRefusal>> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(progress) = worker.store.progress_for_job(enrollment).await? else { return Ok(0) };
    let booked = Vec::from_iter(progress.agenda.value.sessions.iter().map(|meeting| meeting.session));
    let mut doomed = Vec::new();
    let hosts = BTreeSet::from_iter(progress.agenda.value.sessions.iter().map(|meeting| meeting.with));
    let hosts = worker.store.availabilities(&Vec::from_iter(hosts)).await?;
    for session in worker.store.sessions_for_job(&booked).await? {
        let series = progress.commitments.iter().map(|series| &series.value);
        let host = hosts.iter().find(|host| host.person == session.value.with);
        let reason = forbidden(&session.value, &progress.enrollment.value, series, host, now);
        doomed.extend(reason.map(|reason| (session, reason)));
    }
    doomed.truncate(CALLED_OFF_AT_ONCE);
    if doomed.is_empty() {
        return Ok(0);
    }

    let people = doomed.iter().flat_map(|(session, _)| [session.value.student, session.value.with]);
    let mut people = Vec::from_iter(people);
    people.sort_unstable();
    people.dedup();
    let weeks = Vec::from_iter(weeks_of(doomed.iter().map(|(session, _)| &session.value)));
    let diaries = worker.store.diaries(&people, weeks).await?;
    let mut calendar = Calendar::new(progress.enrollment, progress.agenda, diaries);
    let mut cancelled = Vec::with_capacity(doomed.len());
    for (session, reason) in doomed {
        let Ok(off) = session.value.clone().cancel(Side::School, &reason, now) else { continue };
        cancelled.push(off.key());
        calendar.change(session, off, now).map_err(|misfit| Refused::By(misfit.into()))?;
    }
    let transaction = cancelled.iter().fold(worker.store.keep_calendar(&calendar), |transaction, session| {
        transaction.audit(session, "cancel_session", BY, now)
    });
    transaction.commit().await?;
    Ok(cancelled.len())
}

/// Why a booked session may not be held: the enrollment is paused or over then, also where this is
/// found out late, its mentor is on holiday and has a cover, or its series has ended before a session to come.
fn forbidden<'a>(
    session: &Session,
    enrollment: &Enrollment,
    mut series: impl Iterator<Item = &'a Commitment>,
    host: Option<&Availability>,
    now: Timestamp,
) -> Option<String> {
    if session.state != SessionState::Booked {
        return None;
    }
    if let Err(refused) = enrollment.session_allowed_at(session.starts_at) {
        return Some(refused.to_string());
    }
    let to_come = now < session.starts_at;
    let date = enrollment.date_at(session.starts_at);
    let mentored = enrollment.mentors.iter().any(|assignment| assignment.mentor == session.with);
    let theirs = session.kind.role() == Role::Mentor && session.commitment.is_none() && mentored;
    if to_come && theirs && !enrollment.is_mentor_on(session.with, date) {
        return Some("the student has another mentor by then".to_owned());
    }
    let away = |host: &Availability| host.is_away(host.time_zone.date_at(session.starts_at));
    let mentor = enrollment.mentor_on(date);
    let covered = session.kind.role() == Role::Mentor && mentor != Some(session.with);
    if to_come && covered && host.is_some_and(away) {
        return Some("the mentor is on holiday, and somebody stands in".to_owned());
    }
    let own = series.find(|series| session.commitment == Some(series.id))?;
    (to_come && !own.lasts_until(session.local.date())).then(|| "the series has ended by then".to_owned())
}

/// Ends a series whose enrollment is over: from today on its time is free for somebody else's.
async fn end_series(worker: &Worker, (enrollment, id): SeriesId) -> Written {
    let now = worker.clock.now(&worker.store).await?;
    let Some(series) = worker.store.commitment_for_job(enrollment, id).await? else { return Ok(()) };
    let today = series.value.time_zone.date_at(now);
    let ended = series.value.clone().end(today.saturating_sub(1.day()));
    if ended == series.value {
        return Ok(());
    }
    worker.store.transaction().save(&series.with(ended), BookRefusal::Changed).commit().await
}

/// Books the sessions of a series from today on that are missing, or that the school had called off.
async fn make_again(worker: &Worker, with: PersonId, series: SeriesId) -> Written {
    let now = worker.clock.now(&worker.store).await?;
    let rewound = |series: Commitment| {
        let through = series.materialized_through.max(Some(series.horizon(now)));
        let (through, today) = (through.unwrap_or(Date::MAX), series.time_zone.date_at(now));
        (series.rewound(today), through)
    };
    let booked = book_due(worker, with, &[series], rewound, now).await?;
    if booked.changes_nothing() {
        return Ok(());
    }
    booked.write(worker, now).commit().await?;
    booked.warn();
    Ok(())
}
