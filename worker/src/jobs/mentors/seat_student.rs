//! One student who needs a seat to begin.

use domain::activation::learned_all;
use domain::catalog::Prospectus;
use domain::enrollment::{State, Waiting};
use domain::id::EnrollmentId;
use domain::job::Job;
use domain::pairing::{Pairing, Why, offer};
use domain::permission::Role;
use storage::enrollment::Progress;
use storage::queue::Claimed;
use storage::seat::Mentor;
use storage::transaction::read_again;
use storage::{Item, Stored, Transaction};

use super::super::bill::edition;
use super::super::finish;
use super::{Search, by_person, freed_by, next_night, terms, tied, was_changed};
use crate::Worker;
use crate::outcome::Unfinished;

/// Mentors that are looked at for one student at once; the nightly run looks at all.
const MENTORS_LOOKED_AT: usize = 300;
/// Students of a line that are looked at before somebody may pass it.
const LINE_LOOKED_AT: u16 = 100;

/// Gives a student the mentor of the greatest benefit less the price of the last run, and asks for the money
/// that waited for it; or puts them into the line.
///
/// Nobody passes a line of people who wait for a seat: they come first, tonight. Who waits because no hour
/// suits them, or because nobody speaks their language, keeps nobody waiting.
pub async fn seat_student(worker: &Worker, claimed: &Claimed, id: EnrollmentId) -> Result<(), Unfinished> {
    read_again(was_changed, || seat(worker, claimed, id)).await
}

async fn seat(worker: &Worker, claimed: &Claimed, id: EnrollmentId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(mut progress) = worker.store.progress_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    progress.enrollment.value = progress.enrollment.value.as_of(now);
    let enrollment = &progress.enrollment.value;
    let accepted = matches!(enrollment.state, State::Quoted { .. }) && enrollment.contract.is_some();
    if !accepted || enrollment.waiting.is_some() {
        return finish(worker, claimed).await;
    }
    let edition = edition(worker, &enrollment.edition, enrollment.version).await?;
    if enrollment.has_seat() || learned_all(enrollment, &edition) {
        let transaction = go_on(worker, worker.store.transaction::<()>(), id, now).await?;
        return Ok(transaction.finish(claimed).commit().await?);
    }
    let search = Search::new(&edition, now);
    let found = find(worker, &progress, &edition, &search).await?;
    match found.pairing {
        Ok(pairing) => take(worker, claimed, progress, &edition, &search, found.mentors, &pairing).await,
        Err(why) => join(worker, claimed, &progress, &search, &found.mentors, why).await,
    }
}

/// What a look for a mentor came to.
struct Found {
    mentors: Vec<Mentor>,
    pairing: Result<Pairing, Why>,
}

async fn find(
    worker: &Worker,
    progress: &Progress,
    edition: &Prospectus,
    search: &Search,
) -> Result<Found, Unfinished> {
    let enrollment = &progress.enrollment.value;
    let said = worker.store.availabilities(&[enrollment.student]).await?;
    let mut seeker = search.seeker(enrollment, Some(edition), said.first(), search.now);
    seeker.barred = tied(&progress.conflicts.value);
    // Another begin for each student, and the same one each time.
    let begin = domain::id::PersonId::new(enrollment.id.uuid());
    let holders = worker
        .store
        .some_role_holders(Role::Mentor, &enrollment.degree, begin, MENTORS_LOOKED_AT, search.now)
        .await?;
    let mentors = worker.store.mentors(holders, search.week).await?;
    let candidates =
        Vec::from_iter(mentors.iter().map(|mentor| mentor.candidate(&search.policy, search.week)));
    let pairing = if is_line_for_seats(worker, progress).await? {
        Err(Why::Capacity)
    } else {
        offer(&seeker, &candidates, &search.policy, search.week, search.now)
    };
    let could = |mentor: &Mentor| {
        let mut candidates = candidates.iter();
        candidates
            .any(|it| it.mentor == mentor.availability.person && it.could_mentor(&seeker, &search.policy))
    };
    let mentors = Vec::from_iter(mentors.into_iter().filter(could));
    Ok(Found { mentors, pairing })
}

/// Whether somebody waits for a seat that anybody could take.
async fn is_line_for_seats(worker: &Worker, progress: &Progress) -> Result<bool, Unfinished> {
    let enrollment = &progress.enrollment.value;
    let (line, _) =
        worker.store.waiting_students(&enrollment.degree, &enrollment.language, None, LINE_LOOKED_AT).await?;
    if line.is_empty() {
        return Ok(false);
    }
    let ids = Vec::from_iter(line.iter().map(|student| student.enrollment));
    let waiting = worker.store.enrollments_for_job(&ids).await?;
    let reasons = waiting.iter().filter_map(|item| item.value.waiting);
    Ok(reasons.into_iter().any(|waiting| waiting.why == Why::Capacity))
}

async fn take(
    worker: &Worker,
    claimed: &Claimed,
    progress: Progress,
    edition: &Prospectus,
    search: &Search,
    mentors: Vec<Mentor>,
    pairing: &Pairing,
) -> Result<(), Unfinished> {
    let now = search.now;
    let Some(mentor) = by_person(mentors).remove(&pairing.mentor) else {
        return Err(Unfinished::GiveUp("the mentor that was found was not looked at".into()));
    };
    let id = pairing.enrollment;
    let enrollment = &progress.enrollment.value;
    let (terms, from) = (terms(enrollment, edition, now), enrollment.start_on.max(enrollment.date_at(now)));
    let frees_by = enrollment.done_by(edition, from);
    let capacity = mentor.capacity(&search.policy);
    let assigning = search.assigning(pairing, mentor.seats, capacity, from, frees_by);
    let assigned = progress.assign(assigning, &terms, now);
    let Ok(assigned) = assigned else {
        return Err(Unfinished::Changed("the seat or the enrollment".into()));
    };
    let changed = "the seat or the enrollment";
    let transaction = worker.store.transaction::<&str>().assign(&assigned, now, changed).audit(
        &assigned.key(),
        "seat_student",
        "worker",
        now,
    );
    let transaction = go_on(worker, transaction, id, now).await?;
    Ok(transaction.finish(claimed).commit().await?)
}

/// Puts a student at the end of the line, with an honest place and date.
async fn join(
    worker: &Worker,
    claimed: &Claimed,
    progress: &Progress,
    search: &Search,
    mentors: &[Mentor],
    why: Why,
) -> Result<(), Unfinished> {
    let now = search.now;
    let enrollment = progress.enrollment.clone();
    let (degree, language) = (enrollment.value.degree.clone(), enrollment.value.language.clone());
    // Whoever drew a smaller number than the next one stands in the line by now.
    let line = worker.store.waiting_line(&degree, &language).await?;
    let place = worker.store.count_waiting(&degree, &language).await? + 1;
    let today = enrollment.value.date_at(now);
    let seats = mentors.iter().map(|mentor| &mentor.seats.value);
    let expected_on = freed_by(seats, place, today);
    let waiting = Waiting { since: now, ticket: line.value.next(), place, expected_on, why };
    let enrollment = Item { value: enrollment.value.waits(waiting), revision: enrollment.revision };
    let transaction = worker
        .store
        .transaction::<&str>()
        .join_line(&line, &enrollment, "the line or the enrollment")
        .enqueue(&Job::MatchStudents { asked_at: None }, next_night(now))
        .audit(&enrollment.value.key(), "wait_for_seat", "worker", now)
        .finish(claimed);
    Ok(transaction.commit().await?)
}

/// Asks for what waited for a seat: the money of the first invoices or, where nothing is owed, the beginning.
pub(super) async fn go_on<'store, R>(
    worker: &Worker,
    transaction: Transaction<'store, R>,
    id: EnrollmentId,
    now: jiff::Timestamp,
) -> Result<Transaction<'store, R>, Unfinished> {
    let drafts = worker.store.drafts_of(id).await?;
    if drafts.is_empty() {
        return Ok(transaction.enqueue(&Job::Begin { enrollment: id }, now));
    }
    Ok(drafts.iter().fold(transaction, |transaction, draft| {
        transaction.enqueue(&Job::Charge { enrollment: id, invoice: draft.value.id }, now)
    }))
}
