//! Defenses follow what happens around them: another mentor, a conflict, a pause, an appeal.

use std::collections::BTreeSet;

use domain::defense::{Defense, DefenseState, Slot};
use domain::id::{DefenseId, EnrollmentId};
use domain::job::Job;
use domain::jury::{Span, juror_at, rank, reviewers};
use domain::occupancy;
use jiff::{SignedDuration, Timestamp};
use storage::defense::{BookingRefused, Hearing};
use storage::jury::{Asked, Search};
use storage::queue::Claimed;
use storage::{Key, Refused, Stored};

use super::bill::edition;
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// How often a defense is looked at again because somebody else was faster.
const TRIES_MAX: usize = 8;

/// Brings an enrollment's defenses in line with its mentor, its active time and who may not judge. Where a juror is
/// missing since, another one is booked: at the same time if one is free then, else at the earliest. Comes again on
/// the day on which another mentor takes over, and every day while nobody can judge an appeal.
pub async fn arrange(worker: &Worker, claimed: &Claimed, id: EnrollmentId) -> Result<(), Unfinished> {
    let finished = worker.store.transaction::<()>();
    let Some(progress) = worker.store.progress_for_job(id).await? else {
        return Ok(finished.finish(claimed).commit().await?);
    };
    let mut waits = false;
    for attempt in &progress.attempts {
        let defenses = worker.store.defenses_of_project(id, &attempt.value.project).await?;
        for defense in defenses.iter().filter(|defense| defense.state().is_open()) {
            waits |= adjust(worker, defense.id()).await?;
        }
    }
    let enrollment = &progress.enrollment.value;
    let now = worker.clock.now(&worker.store).await?;
    let today = enrollment.date_at(now);
    // A mentor takes over where another's time begins, and where a cover's ends.
    let dates = enrollment.mentors.iter().flat_map(|mentor| [Some(mentor.from), mentor.to]);
    let takes_over = dates.flatten().filter(|date| *date > today).min();
    let takes_over = takes_over.and_then(|date| enrollment.time_zone.start_of(date).ok());
    let tomorrow = waits.then(|| now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(now));
    let finished = match takes_over.into_iter().chain(tomorrow).min() {
        Some(at) => finished.enqueue(&Job::ArrangeDefenses { enrollment: id, at }, at),
        None => finished,
    };
    Ok(finished.finish(claimed).commit().await?)
}

/// Brings one defense in line, decided again where somebody else changed it at the same moment; says whether an
/// appeal waits for somebody to judge it.
async fn adjust(worker: &Worker, id: DefenseId) -> Result<bool, Unfinished> {
    for _ in 0..TRIES_MAX {
        let Some(hearing) = worker.store.hearing_for_job(id).await? else { return Ok(false) };
        let now = worker.clock.now(&worker.store).await?;
        let next = adjusted(worker, &hearing, now).await?;
        let waits = next.awaits_reviewer();
        if next == hearing.defense.value || keep(worker, &hearing, next, now).await? {
            return Ok(waits);
        }
    }
    Err(Unfinished::Retry("others keep changing the defense".into()))
}

/// Two days after a defense: where the juror has said nothing, staff are told, and nobody has failed.
pub async fn miss_verdict(worker: &Worker, claimed: &Claimed, id: DefenseId) -> Result<(), Unfinished> {
    if let Some(hearing) = worker.store.hearing_for_job(id).await?
        && let Some(due_at) = hearing.defense.value.verdict_due_at()
    {
        // It was held again since.
        if due_at > worker.clock.now(&worker.store).await? {
            let later = worker.store.transaction::<()>().finish_until(claimed, due_at);
            return Ok(later.commit().await?);
        }
        tracing::error!(defense = %id, %due_at, "a juror has given no verdict in time: staff remind them, or annul the defense");
    }
    finish(worker, claimed).await
}

async fn adjusted(worker: &Worker, hearing: &Hearing, now: Timestamp) -> Result<Defense, Unfinished> {
    let before = &hearing.defense.value;
    let student = before.request().student;
    let mut tied = BTreeSet::new();
    for person in [before.juror(), before.appeal().and_then(|appeal| appeal.reviewer)].into_iter().flatten() {
        if worker.store.is_tied(person, student).await? {
            tied.insert(person);
        }
    }
    let enrollment = hearing.progress.enrollment.value.clone().as_of(now);
    let conflicts = &hearing.progress.conflicts.value;
    let next = before.clone().adjusted(&enrollment, conflicts, |person| tied.contains(&person), now);
    match next.state() {
        DefenseState::Requested if before.juror().is_some() => {
            judged_by_another(worker, hearing, next, now).await
        }
        DefenseState::UnderAppeal { .. } if next.awaits_reviewer() => {
            reviewed(worker, hearing, next, now).await
        }
        _ => Ok(next),
    }
}

/// Finds another juror: for the time that was agreed, else the earliest that student and juror have in common; with
/// nobody, it waits for staff.
async fn judged_by_another(
    worker: &Worker,
    hearing: &Hearing,
    next: Defense,
    now: Timestamp,
) -> Result<Defense, Unfinished> {
    let freed =
        Hearing { defense: hearing.defense.clone().with(next.clone()), progress: hearing.progress.clone() };
    let agreed = hearing.defense.value.slot();
    let minutes = agreed.map_or(next.policy().length_minutes, minutes_of);
    let wished = next.wished_span(&hearing.progress.enrollment.value.time_zone, now);
    let at_once = agreed.map(|slot| (Span::days(slot.starts_at, 1, now), taken(slot)));
    for (span, at) in at_once.into_iter().chain([(wished, None)]) {
        let search = search(worker, &freed, span, minutes, now).await?;
        let found = search.decide(&freed, |sought, candidates| match at {
            Some(at) => juror_at(sought, candidates, at),
            None => rank(sought, candidates).proposals.into_iter().next(),
        });
        let Some(found) = found else { continue };
        let grants = worker.store.grants(found.juror).await?;
        let slot = Slot::new(found.slot.starts_at(), minutes, next.policy(), now);
        let path = (&hearing.progress.enrollment.value, &hearing.progress.conflicts.value);
        if let Ok(slot) = slot
            && let Ok(booked) = next.clone().booked(found.juror, &grants, slot, path, now)
        {
            return Ok(booked);
        }
    }
    Ok(next)
}

/// Finds somebody who judges an appeal: of the jurors in no conflict who speak the language, whoever judges least.
async fn reviewed(
    worker: &Worker,
    hearing: &Hearing,
    next: Defense,
    now: Timestamp,
) -> Result<Defense, Unfinished> {
    let search = search(worker, hearing, Span::days(now, 1, now), next.policy().length_minutes, now).await?;
    for reviewer in search.decide(hearing, reviewers) {
        let grants = worker.store.grants(reviewer).await?;
        let conflicts = &hearing.progress.conflicts.value;
        if let Ok(assigned) = next.clone().assign_reviewer(reviewer, &grants, conflicts, now) {
            return Ok(assigned);
        }
    }
    Ok(next)
}

async fn search(
    worker: &Worker,
    hearing: &Hearing,
    span: Span,
    minutes: u32,
    now: Timestamp,
) -> Result<Search, Unfinished> {
    let enrollment = &hearing.progress.enrollment.value;
    let edition = edition(worker, &enrollment.edition, enrollment.version).await?;
    let pairing = edition.pairing_policy_on(enrollment.date_at(now));
    let mut found = worker.store.search_jurors(&[Asked { hearing, span, minutes, pairing }], now).await?;
    found.pop().ok_or_else(|| Unfinished::GiveUp("a search for jurors found no search".into()))
}

/// Writes the step; says whether it was written, or has to be decided again.
async fn keep(worker: &Worker, hearing: &Hearing, next: Defense, now: Timestamp) -> Result<bool, Unfinished> {
    let attempts = hearing.attempts();
    let settled = hearing.defense.value.settle(next, hearing.path(&attempts), now);
    let settled = settled.map_err(|refusal| Unfinished::GiveUp(refusal.to_string()))?;
    let diaries = match worker.store.rebooked(&settled).await {
        Ok(diaries) => diaries,
        Err(BookingRefused::Store(error)) => return Err(error.into()),
        Err(BookingRefused::Taken(_) | BookingRefused::Capped(_)) => return Ok(false),
    };
    let key: Key = settled.defense.key();
    let heard = worker.store.heard(&hearing.defense.value, &settled).await?;
    let transaction = worker.store.keep_step(hearing, &settled, &diaries).heard(heard, now);
    match transaction.audit(&key, "arrange_defenses", "worker", now).commit().await {
        Ok(()) => Ok(true),
        Err(Refused::By(_)) => Ok(false),
        Err(refused) => Err(refused.into()),
    }
}

fn minutes_of(slot: Slot) -> u32 {
    u32::try_from(slot.length().as_mins()).unwrap_or(u32::MAX)
}

fn taken(slot: Slot) -> Option<occupancy::Slot> {
    occupancy::Slot::between(slot.starts_at, slot.ends_at).ok()
}
