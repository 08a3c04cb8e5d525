//! Everyone who waits for a seat, matched with everyone who has one.

use std::collections::{BTreeMap, BTreeSet};

use domain::enrollment::{Enrollment, State, Waiting};
use domain::id::{DegreeId, EnrollmentId, PersonId};
use domain::job::Job;
use domain::letter::{About, Letter};
use domain::matching::Parameters;
use domain::pairing::{Candidate, Pairing, Pairings, Seeker, Unseated, pair};
use domain::permission::Role;
use jiff::Timestamp;
use storage::pairing::PairingRun;
use storage::queue::Claimed;
use storage::seat::{Holders, Mentor};
use storage::transaction::read_again;
use storage::waiting::WaitingStudent;
use storage::{Item, Refused, Stored};

use super::super::finish;
use super::{Editions, Search, by_person, edition_of, editions, freed_by, next_night, terms, was_changed};
use crate::Worker;
use crate::outcome::Unfinished;

/// Students of a line, and mentors, that are read at once.
const READ_AT_ONCE: usize = 100;

/// Matches everyone who waits; the nightly run comes again the next night while somebody does.
///
/// Each pair is written by itself, so a run that is killed leaves the pairs it wrote, and the next one
/// matches whoever is left. What somebody else changed meanwhile is left to the next run.
pub async fn match_students(
    worker: &Worker,
    claimed: &Claimed,
    asked_at: Option<Timestamp>,
) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let editions = editions(worker).await?;
    let Some(search) = editions.values().next_back().map(|edition| Search::new(edition, now)) else {
        return finish(worker, claimed).await;
    };
    let line = read_line(worker, &editions).await?;
    if line.is_empty() {
        return finish(worker, claimed).await;
    }
    let degrees = BTreeSet::from_iter(line.iter().map(|waiting| waiting.enrollment.value.degree.clone()));
    let mentors = read_mentors(worker, &degrees, &search).await?;
    let seekers = read_seekers(worker, &line, &editions, &search).await?;
    let candidates =
        Vec::from_iter(mentors.iter().map(|mentor| mentor.candidate(&search.policy, search.week)));
    let (seekers, candidates, pairings) = matched(seekers, candidates, search).await?;

    let night = Night { worker, claimed, search, editions: &editions };
    let mut mentors = by_person(mentors);
    let mut written = BTreeSet::new();
    for pairing in &pairings.placed {
        if night.keep(pairing, &mut mentors).await? {
            written.insert(pairing.enrollment);
        }
    }
    keep_prices(worker, &pairings.prices).await?;
    night.tell(&line, &written, &pairings, &seekers, &candidates, &mentors).await?;
    let reasons = PairingRun::reasons(&pairings.unseated);
    let written = written.len() as u64;
    let run = PairingRun { at: now, report: pairings.report, written, reasons };
    let transaction = worker.store.transaction::<()>().set(&run);
    let all_placed = written == line.len() as u64;
    let transaction = if all_placed || asked_at.is_some() {
        transaction.finish(claimed)
    } else {
        transaction.finish_until(claimed, next_night(now))
    };
    Ok(transaction.commit().await?)
}

/// A run, and what each of its steps leans on.
struct Night<'a> {
    worker: &'a Worker,
    claimed: &'a Claimed,
    search: Search,
    editions: &'a Editions,
}

/// One who waits.
struct Waits {
    student: WaitingStudent,
    enrollment: Item<Enrollment>,
}

/// Everyone who waits, line by line, in order. Entries of enrollments that wait no more are removed.
async fn read_line(worker: &Worker, editions: &Editions) -> Result<Vec<Waits>, Unfinished> {
    let lines = editions.values().flat_map(|it| {
        let languages = it.edition.languages.iter();
        languages.map(|variant| (it.edition.degree.clone(), variant.language.as_str().to_owned()))
    });
    let mut line = Vec::new();
    for (degree, language) in BTreeSet::from_iter(lines) {
        let mut after = None;
        loop {
            let (students, next) = worker
                .store
                .waiting_students(&degree, &language, after.as_deref(), READ_AT_ONCE as u16)
                .await?;
            let ids = Vec::from_iter(students.iter().map(|student| student.enrollment));
            let read = worker.store.enrollments_for_job(&ids).await?;
            let mut read: BTreeMap<_, _> = read.into_iter().map(|item| (item.value.id, item)).collect();
            for student in students {
                let enrollment = read.remove(&student.enrollment);
                let own = |item: &Item<Enrollment>| {
                    let ticket = item.value.waiting.map(|waiting| waiting.ticket);
                    item.value.needs_seat() && ticket == Some(student.ticket)
                };
                match enrollment.filter(own) {
                    Some(enrollment) => line.push(Waits { student, enrollment }),
                    // Whoever is done, or gone, waits no more: nobody stands behind them.
                    None => worker.store.transaction::<()>().unset(&student.key()).commit().await?,
                }
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(line)
}

/// Everyone who may mentor one of the degrees and has said when.
pub(super) async fn read_mentors(
    worker: &Worker,
    degrees: &BTreeSet<DegreeId>,
    search: &Search,
) -> Result<Vec<Mentor>, Unfinished> {
    let holders = worker.store.role_holders(Role::Mentor, degrees, search.now).await?;
    let holders = Vec::from_iter(holders);
    let mut mentors = Vec::with_capacity(holders.len());
    for some in holders.chunks(READ_AT_ONCE) {
        mentors.extend(worker.store.mentors(Holders::from_iter(some.iter().cloned()), search.week).await?);
    }
    Ok(mentors)
}

async fn read_seekers(
    worker: &Worker,
    line: &[Waits],
    editions: &Editions,
    search: &Search,
) -> Result<Vec<Seeker>, Unfinished> {
    let mut seekers = Vec::with_capacity(line.len());
    for some in line.chunks(READ_AT_ONCE) {
        let students = Vec::from_iter(some.iter().map(|waits| waits.enrollment.value.student));
        let said = worker.store.availabilities(&students).await?;
        let ids = Vec::from_iter(some.iter().map(|waits| waits.enrollment.value.id));
        let conflicts = worker.store.conflicts_for_job(&ids).await?;
        for Waits { student, enrollment } in some {
            let said = said.iter().find(|said| said.person == enrollment.value.student);
            let mut seeker = search.seeker(
                &enrollment.value,
                edition_of(editions, &enrollment.value),
                said,
                student.since,
            );
            let own = conflicts.iter().find(|set| set.enrollment() == student.enrollment);
            seeker.barred = own.map(super::tied).unwrap_or_default();
            seekers.push(seeker);
        }
    }
    Ok(seekers)
}

/// Matches on a thread of its own: it is work for the processor.
pub(super) async fn matched(
    seekers: Vec<Seeker>,
    candidates: Vec<Candidate>,
    search: Search,
) -> Result<(Vec<Seeker>, Vec<Candidate>, Pairings), Unfinished> {
    let work = move || {
        let parameters = Parameters::default();
        let pairings = pair(&seekers, &candidates, &search.policy, search.week, search.now, &parameters);
        pairings.map(|pairings| (seekers, candidates, pairings))
    };
    let matched =
        tokio::task::spawn_blocking(work).await.map_err(|error| Unfinished::Retry(error.to_string()))?;
    matched.map_err(|error| Unfinished::GiveUp(error.to_string()))
}

/// Keeps what a seat of each mentor is worth until the next run, where that changed.
pub(super) async fn keep_prices(worker: &Worker, prices: &[(PersonId, i64)]) -> Result<(), Unfinished> {
    for some in prices.chunks(READ_AT_ONCE) {
        let mentors = Vec::from_iter(some.iter().map(|(mentor, _)| *mentor));
        for (mut seats, (_, price)) in worker.store.seats_of(&mentors).await?.into_iter().zip(some) {
            if seats.value.price == *price {
                continue;
            }
            seats.value.price = *price;
            // Where the seats changed meanwhile, the price of the next run will do.
            match worker.store.transaction::<()>().save(&seats, ()).commit().await {
                Ok(()) | Err(Refused::By(())) => {}
                Err(refused) => return Err(refused.into()),
            }
        }
    }
    Ok(())
}

impl Night<'_> {
    /// Writes a pair, and asks for what waited for it; false where the student or the seat is gone.
    async fn keep(
        &self,
        pairing: &Pairing,
        mentors: &mut BTreeMap<PersonId, Mentor>,
    ) -> Result<bool, Unfinished> {
        let Self { worker, claimed, search, editions } = self;
        let now = search.now;
        let Some(mentor) = mentors.get_mut(&pairing.mentor) else { return Ok(false) };
        mentor.seats = worker.store.seats(pairing.mentor).await?;
        let Some(mut progress) = worker.store.progress_for_job(pairing.enrollment).await? else {
            return Ok(false);
        };
        progress.enrollment.value = progress.enrollment.value.as_of(now);
        let enrollment = &progress.enrollment.value;
        let edition = edition_of(editions, enrollment);
        let Some(edition) = edition.filter(|_| enrollment.needs_seat()) else { return Ok(false) };
        let (terms, today) = (terms(enrollment, edition, now), enrollment.date_at(now));
        let from = enrollment.start_on.max(today);
        let frees_by = enrollment.done_by(edition, from);
        let capacity = mentor.capacity(&search.policy);
        let assigning = search.assigning(pairing, mentor.seats.clone(), capacity, from, frees_by);
        let Ok(assigned) = progress.assign(assigning, &terms, now) else { return Ok(false) };
        let transaction = worker
            .store
            .transaction::<()>()
            .assign(&assigned, now, ())
            .enqueue(&Job::SeatStudent { enrollment: pairing.enrollment }, now)
            .audit(&assigned.key(), "match_students", "worker", now)
            .checkpoint(claimed);
        let paused = assigned.enrollment.value.state == State::Paused;
        let transaction = if paused {
            let (enrollment, to) = (pairing.enrollment, assigned.enrollment.value.student);
            transaction.write_letter(&Letter { enrollment, to, at: now, about: About::MentorFound }, now)
        } else {
            transaction
        };
        match transaction.commit().await {
            Ok(()) => Ok(true),
            Err(Refused::By(())) => Ok(false),
            Err(refused) => Err(refused.into()),
        }
    }

    /// Tells everyone whom it left without a mentor how they stand.
    async fn tell(
        &self,
        line: &[Waits],
        written: &BTreeSet<EnrollmentId>,
        pairings: &Pairings,
        seekers: &[Seeker],
        candidates: &[Candidate],
        mentors: &BTreeMap<PersonId, Mentor>,
    ) -> Result<(), Unfinished> {
        let why = pairings.unseated.iter().map(|Unseated { enrollment, why }| (*enrollment, *why));
        let why: BTreeMap<EnrollmentId, _> = why.collect();
        let mut places: BTreeMap<(&DegreeId, &str), u64> = BTreeMap::new();
        for (Waits { student, enrollment }, seeker) in line.iter().zip(seekers) {
            if written.contains(&student.enrollment) {
                continue;
            }
            let place = places.entry((&student.degree, &student.language)).or_default();
            *place += 1;
            let Some(why) = why.get(&student.enrollment).copied() else { continue };
            let Some(waiting) = enrollment.value.waiting else { continue };
            let could = candidates.iter().filter(|it| it.could_mentor(seeker, &self.search.policy));
            let seats = could.filter_map(|it| mentors.get(&it.mentor)).map(|it| &it.seats.value);
            let expected_on = freed_by(seats, *place, enrollment.value.date_at(self.search.now));
            let seen = waiting.seen(*place, expected_on, why);
            if seen != waiting {
                read_again(was_changed, || self.told(student.enrollment, seen)).await?;
            }
        }
        Ok(())
    }

    async fn told(&self, id: EnrollmentId, seen: Waiting) -> Result<(), Unfinished> {
        let Some(enrollment) = self.worker.store.enrollment_for_job(id).await? else { return Ok(()) };
        let Some(waiting) = enrollment.value.waiting else { return Ok(()) };
        let seen = waiting.seen(seen.place, seen.expected_on, seen.why);
        let enrollment = Item { value: enrollment.value.waits(seen), revision: enrollment.revision };
        let transaction = self.worker.store.transaction::<&str>().save(&enrollment, "the enrollment");
        Ok(transaction.checkpoint(self.claimed).commit().await?)
    }
}
