//! Weekly series are booked six weeks ahead: all of a mentor or coach together, every week, and one by itself
//! where it begins, or where something about it keeps the others from being written.

use std::collections::{BTreeSet, HashMap};

use domain::availability::Availability;
use domain::commitment::{Commitment, EXTEND_EVERY};
use domain::id::{CommitmentId, EnrollmentId, PersonId};
use domain::job::Job;
use domain::letter::Letter;
use domain::session::{BookingError, BookingFacts};
use jiff::Timestamp;
use storage::occupancy::Diaries;
use storage::queue::Claimed;
use storage::session::{BookRefusal, Calendar};
use storage::transaction::{OPERATIONS_MAX, read_again};
use storage::{Item, Refused, Stored, Transaction};

use super::{finish, telling};
use crate::Worker;
use crate::outcome::Unfinished;

/// Who writes to the audit trail here.
const BY: &str = "job";

/// Series that are booked in one transaction. In an ordinary week each has eight items (the session, its two
/// entries and its telling, the student's week and agenda, the series, and the enrollment as it was read), and a
/// few are shared; where some have more, fewer are booked at once.
const BOOKED_AT_ONCE: usize = 11;

/// A series by its place.
type Id = (EnrollmentId, CommitmentId);

/// Books what one series has come to need, and tells whoever finds it at another time of their day soon.
pub async fn extend(
    worker: &Worker,
    claimed: &Claimed,
    enrollment: EnrollmentId,
    commitment: CommitmentId,
) -> Result<(), Unfinished> {
    let ids = [(enrollment, commitment)];
    let look = || async {
        let now = worker.clock.now(&worker.store).await?;
        let booked = book_due(worker, &ids, None, |series| series.told(now), now).await?;
        booked.write(worker, now).finish(claimed).commit().await
    };
    Ok(read_again(was_changed, look).await?)
}

/// Does the same for all series of a mentor or coach, and comes again in a week while one of them lasts.
///
/// A series that somebody writes to meanwhile, or that cannot be read, is left to a job of its own.
pub async fn extend_all(worker: &Worker, claimed: &Claimed, with: PersonId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let (listed, hours) = worker.store.series_and_hours(with).await?;
    let extending = Extending { worker, claimed, hours, now };
    let listed = Vec::from_iter(listed);
    let mut left = Vec::from_iter(listed.chunks(BOOKED_AT_ONCE));
    let mut lasts = false;
    while let Some(some) = left.pop() {
        match (some, extending.book(some, left.is_empty()).await?) {
            (_, Together::Ended) => return Ok(()),
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
    hours: Availability,
    now: Timestamp,
}

/// What became of some series in one transaction.
enum Together {
    /// They are booked as far as they are due, and the job ended with them.
    Ended,
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

    /// Books some series; the last ones end the job, until the next look.
    async fn book(&self, some: &[Id], are_last: bool) -> Result<Together, Unfinished> {
        let Self { worker, claimed, hours, now } = self;
        let written = async {
            let booked = book_due(worker, some, Some(hours), |series| series.told(*now), *now).await?;
            if booked.series.is_empty() {
                return Ok(Together::Over);
            }
            if booked.changes_nothing() {
                return Ok(Together::Booked);
            }
            let transaction = booked.write(worker, *now);
            let (transaction, becomes) = if are_last {
                (transaction.finish_until(claimed, self.next_at()), Together::Ended)
            } else {
                (transaction.checkpoint(claimed), Together::Booked)
            };
            if transaction.len() > OPERATIONS_MAX {
                return Ok(Together::Apart);
            }
            transaction.commit().await?;
            Ok(becomes)
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

/// Books what is due of series of one mentor or coach, once each has become what it is looked at as, in the
/// calendar as it is read here; their hours are read where they are not known. A series that is not there, or
/// over, is left out.
pub(super) async fn book_due(
    worker: &Worker,
    ids: &[Id],
    hours: Option<&Availability>,
    becomes: impl Fn(Commitment) -> Commitment,
    now: Timestamp,
) -> Result<Booked, Refused<BookRefusal>> {
    let store = &worker.store;
    let (places, found) = store.series_for_job(ids).await?;
    let Some(first) = found.first() else {
        return Ok(Booked { calendar: Calendar::of([], Diaries::default()), series: Vec::new() });
    };
    let hours = match hours {
        Some(hours) => hours,
        None => &store.availability_for_booking(first.value.with).await?,
    };
    let mut dues = Vec::with_capacity(found.len());
    for series in found {
        let place = places.iter().map(|place| &place.enrollment.value);
        let mut place = place.filter(|place| place.id == series.value.enrollment && place.is_live());
        let today = series.value.time_zone.date_at(now);
        let Some(place) = place.next().filter(|_| series.value.lasts_until(today)) else { continue };
        let edition = store.edition_lately(&place.edition, place.version).await?;
        let policy = edition.map(|edition| edition.session_policy_on(place.date_at(now))).unwrap_or_default();
        let looked = becomes(series.value.clone());
        let due = BookingFacts::with(place, hours, &[], &policy, |facts| looked.sessions_due(facts, now));
        dues.push((series, looked.materialized(now), due, place));
    }

    let pair = |series: &Item<Commitment>| [series.value.student, series.value.with];
    let people = BTreeSet::from_iter(dues.iter().flat_map(|(series, ..)| pair(series)));
    let sessions = Vec::from_iter(dues.iter().flat_map(|(_, _, due, _)| &due.sessions));
    let (people, known, diaries) = store.around_due(&people, &sessions).await?;
    let people = HashMap::from_iter(people.into_iter().map(|person| (person.id, person)));
    let mut calendar = Calendar::of(places.iter().cloned(), diaries);
    let mut extended = Vec::with_capacity(dues.len());
    for (series, becomes, due, place) in dues {
        let made = calendar.make(due, &known, now).map_err(|misfit| Refused::By(misfit.into()))?;
        let unforeseen =
            |reason: &BookingError| !matches!(reason, BookingError::NotAllowed(_) | BookingError::Past);
        let left_out = made.left_out.iter().filter(|(_, reason)| unforeseen(reason));
        let left_out = left_out.map(|(date, reason)| format!("leave out {date}: {reason}")).collect();
        let letters = if becomes.told_through == series.value.told_through {
            Vec::new()
        } else {
            telling::wall_changes(&series.value, place, &people, now)
        };
        let was = series.value.clone();
        extended.push(Extended { was, series: series.with(becomes), left_out, letters });
    }
    Ok(Booked { calendar, series: extended })
}

impl Booked {
    pub(super) fn changes_nothing(&self) -> bool {
        self.calendar.is_unchanged() && self.series.iter().all(|extended| !extended.is_changed())
    }

    /// The booked sessions with how far each series is made; a date that is looked at the first time
    /// and has no session is told of.
    pub(super) fn write<'store>(
        &self,
        worker: &'store Worker,
        now: Timestamp,
    ) -> Transaction<'store, BookRefusal> {
        let transaction = worker.store.keep_calendar(&self.calendar);
        let changed = self.series.iter().filter(|extended| extended.is_changed());
        changed.fold(transaction, |transaction, extended| extended.write(transaction, now))
    }
}

impl Extended {
    fn is_changed(&self) -> bool {
        self.series.value != self.was
    }

    fn write<'store>(
        &self,
        transaction: Transaction<'store, BookRefusal>,
        now: Timestamp,
    ) -> Transaction<'store, BookRefusal> {
        let transaction = transaction.save(&self.series, BookRefusal::Changed);
        let transaction = transaction.write_letters(&self.letters, now);
        self.left_out.iter().fold(transaction, |transaction, left_out| {
            tracing::warn!(series = %self.was.id, "{left_out}");
            transaction.audit(&self.was.key(), left_out, BY, now)
        })
    }
}

pub(super) fn was_changed(refused: &Refused<BookRefusal>) -> bool {
    matches!(refused, Refused::By(BookRefusal::Changed | BookRefusal::Made))
}
