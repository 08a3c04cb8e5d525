//! Weekly series are booked six weeks ahead: all of a mentor or coach together, every two weeks as far as that holds
//! until the next time, and one by itself where it begins, or where something about it keeps the others from being
//! written.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::commitment::{Commitment, EXTEND_EVERY};
use domain::id::{CommitmentId, EnrollmentId, PersonId};
use domain::job::Job;
use domain::letter::Letter;
use domain::session::{BookingError, BookingFacts};
use jiff::Timestamp;
use jiff::civil::Date;
use storage::queue::Claimed;
use storage::session::{BookRefusal, Calendar};
use storage::transaction::{OPERATIONS_MAX, read_again};
use storage::{Item, Refused, Stored, Transaction};

use super::{finish, telling};
use crate::Worker;
use crate::outcome::Unfinished;

/// Who writes to the audit trail here.
const BY: &str = "job";

/// Series that are booked in one transaction. Each has two sessions ordinarily, and thirteen items (of each session
/// itself, its two entries, its telling and the student's week; the agenda, the series, and the enrollment as it was
/// read), and a few are shared; where some have more, fewer are booked at once.
const BOOKED_AT_ONCE: usize = 7;

/// A series by its place.
pub(super) type SeriesId = (EnrollmentId, CommitmentId);

/// Books what one series has come to need, tells whoever finds it at another time of their day soon, and has it
/// looked at with the others from then on.
pub async fn extend(
    worker: &Worker,
    claimed: &Claimed,
    enrollment: EnrollmentId,
    commitment: CommitmentId,
) -> Result<(), Unfinished> {
    let Some(series) = worker.store.commitment_for_job(enrollment, commitment).await? else {
        return finish(worker, claimed).await;
    };
    let with = series.value.with;
    let look = || async {
        let now = worker.clock.now(&worker.store).await?;
        let booked = book_due(worker, with, &[(enrollment, commitment)], next(now), now).await?;
        let transaction = booked.write(worker, now).finish(claimed);
        let transaction = if booked.series.is_empty() {
            transaction
        } else {
            transaction.enqueue(&Job::ExtendSeries { with }, now + EXTEND_EVERY)
        };
        transaction.commit().await?;
        booked.warn();
        Ok(())
    };
    Ok(read_again(was_changed, look).await?)
}

/// A series as it is looked at for further sessions, and up to which date it gets them.
fn next(now: Timestamp) -> impl Fn(Commitment) -> (Commitment, Date) {
    move |series| {
        let through = series.extended_through(now);
        (series.told(now), through)
    }
}

/// Does the same for all series of a mentor or coach, and comes again while one of them lasts.
///
/// A series that somebody writes to meanwhile, or that cannot be read or written, is left to a job of its own.
pub async fn extend_all(worker: &Worker, claimed: &Claimed, with: PersonId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let listed = worker.store.listed_series(with).await?;
    let listed = Vec::from_iter(listed.value.listed().iter().copied());
    let extending = Extending { worker, claimed, with, now };
    let mut left = Vec::from_iter(listed.chunks(BOOKED_AT_ONCE));
    let mut lasts = false;
    while let Some(some) = left.pop() {
        match (some, extending.book(some, left.is_empty()).await?) {
            (_, Together::PutOff) => return Ok(()),
            (_, Together::Booked) => lasts = true,
            (_, Together::Over) => {}
            (&[(enrollment, commitment)], Together::Apart) => {
                let job = Job::ExtendSessions { enrollment, commitment };
                worker.store.transaction::<()>().enqueue(&job, now).checkpoint(claimed).commit().await?;
                lasts = true;
            }
            (_, Together::Apart) => {
                let (some, others) = some.split_at(some.len() / 2);
                left.extend([others, some]);
            }
        }
    }
    if !lasts {
        return finish(worker, claimed).await;
    }
    let transaction = worker.store.transaction::<()>().finish_until(claimed, extending.next_at());
    Ok(transaction.commit().await?)
}

/// The series of one mentor or coach, at one look.
struct Extending<'a> {
    worker: &'a Worker,
    claimed: &'a Claimed,
    with: PersonId,
    now: Timestamp,
}

/// What became of some series in one transaction.
enum Together {
    /// They are booked as far as they are due, and the job was put off with them to the next look.
    PutOff,
    /// They are booked as far as they are due.
    Booked,
    /// None of them goes on.
    Over,
    /// Nothing: one of them stands in the way of the others, or they are too much at once.
    Apart,
}

impl Extending<'_> {
    fn next_at(&self) -> Timestamp {
        self.now + EXTEND_EVERY
    }

    /// Books some series; the last ones put the job off to the next look.
    async fn book(&self, some: &[SeriesId], are_last: bool) -> Result<Together, Unfinished> {
        let Self { worker, claimed, with, now } = *self;
        let written = async {
            let booked = book_due(worker, with, some, next(now), now).await?;
            if booked.series.is_empty() {
                return Ok(Together::Over);
            }
            if booked.changes_nothing() {
                return Ok(Together::Booked);
            }
            let transaction = booked.write(worker, now);
            let (transaction, done) = if are_last {
                (transaction.finish_until(claimed, self.next_at()), Together::PutOff)
            } else {
                (transaction.checkpoint(claimed), Together::Booked)
            };
            if transaction.len() > OPERATIONS_MAX {
                return Ok(Together::Apart);
            }
            transaction.commit().await?;
            booked.warn();
            Ok(done)
        };
        match written.await {
            Err(Unfinished::Changed(_) | Unfinished::GiveUp(_)) => Ok(Together::Apart),
            ended => ended,
        }
    }
}

/// What a look at series came to, before it is written.
pub(super) struct Booked {
    calendar: Calendar,
    series: Vec<Extended>,
}

/// A series as it was, and what it came to.
struct Extended {
    was: Commitment,
    /// The series whose sessions are made.
    series: Item<Commitment>,
    /// What is told of dates without a session.
    left_out: Vec<String>,
    letters: Vec<Letter>,
}

/// Books what is due of series that a mentor or coach holds, each looked at as what it becomes first and up to a
/// date, in the calendar as it is read here. A series that is not there, or over, or held by somebody else, is left out.
pub(super) async fn book_due(
    worker: &Worker,
    with: PersonId,
    ids: &[SeriesId],
    becomes: impl Fn(Commitment) -> (Commitment, Date),
    now: Timestamp,
) -> Result<Booked, Refused<BookRefusal>> {
    let store = &worker.store;
    let (places, found, hours) = store.series_for_job(with, ids).await?;
    let mut dues = Vec::with_capacity(found.len());
    for was in found {
        let place = places.iter().map(|place| &place.enrollment.value);
        let mut place = place.filter(|place| place.id == was.value.enrollment && place.is_live());
        let today = was.value.time_zone.date_at(now);
        let Some(place) = place.next().filter(|_| was.value.lasts_until(today)) else { continue };
        let edition = store.edition_lately(&place.edition, place.version).await?;
        let policy = edition.map(|edition| edition.session_policy_on(place.date_at(now))).unwrap_or_default();
        let (series, through) = becomes(was.value.clone());
        let due =
            BookingFacts::with(place, &hours, &[], &policy, |facts| series.sessions_due(facts, through, now));
        dues.push((was, series.materialized(through), due, place));
    }

    let pair = |series: &Commitment| [series.student, series.with];
    let people = BTreeSet::from_iter(dues.iter().flat_map(|(was, ..)| pair(&was.value)));
    let sessions = Vec::from_iter(dues.iter().flat_map(|(_, _, due, _)| &due.sessions));
    let (people, known, diaries) = store.around_due(&people, &sessions).await?;
    let people = HashMap::from_iter(people.into_iter().map(|person| (person.id, person)));
    let mut calendar = Calendar::of(places.iter().cloned(), diaries);
    let mut extended = Vec::with_capacity(dues.len());
    for (was, series, due, place) in dues {
        let made = calendar.make(due, &known, now).map_err(|misfit| Refused::By(misfit.into()))?;
        let unforeseen =
            |reason: &BookingError| !matches!(reason, BookingError::NotAllowed(_) | BookingError::Past);
        let left_out = made.left_out.iter().filter(|(_, reason)| unforeseen(reason));
        let left_out = left_out.map(|(date, reason)| format!("leave out {date}: {reason}")).collect();
        let letters = if series.told_through == was.value.told_through {
            Vec::new()
        } else {
            telling::wall_changes(&was.value, place, &people, now)
        };
        let Item { value, revision } = was;
        extended.push(Extended { was: value, series: Item { value: series, revision }, left_out, letters });
    }
    Ok(Booked { calendar, series: extended })
}

impl Booked {
    pub(super) fn changes_nothing(&self) -> bool {
        self.calendar.is_unchanged() && self.changed().next().is_none()
    }

    /// The booked sessions with how far each series is made; a date that is looked at the first time
    /// and has no session is told of.
    pub(super) fn write<'store>(
        &self,
        worker: &'store Worker,
        now: Timestamp,
    ) -> Transaction<'store, BookRefusal> {
        let transaction = worker.store.keep_calendar(&self.calendar);
        let transaction =
            self.changed().fold(transaction, |transaction, Extended { was, series, left_out, .. }| {
                let transaction = transaction.save(series, BookRefusal::Changed);
                let left_out = left_out.iter();
                left_out.fold(transaction, |transaction, date| transaction.audit(&was.key(), date, BY, now))
            });
        // A transaction touches a job once: all letters about an enrollment are asked for together.
        let mut letters: BTreeMap<EnrollmentId, Vec<Letter>> = BTreeMap::new();
        for letter in self.changed().flat_map(|extended| &extended.letters) {
            letters.entry(letter.enrollment).or_default().push(letter.clone());
        }
        letters.values().fold(transaction, |transaction, letters| transaction.write_letters(letters, now))
    }

    /// Logs the dates that were found without a session, once that is written.
    pub(super) fn warn(&self) {
        for Extended { was, left_out, .. } in self.changed() {
            for date in left_out {
                tracing::warn!(series = %was.id, "{date}");
            }
        }
    }

    fn changed(&self) -> impl Iterator<Item = &Extended> {
        self.series.iter().filter(|extended| extended.series.value != extended.was)
    }
}

pub(super) fn was_changed(refused: &Refused<BookRefusal>) -> bool {
    matches!(refused, Refused::By(BookRefusal::Changed | BookRefusal::Made))
}
