//! Sessions that nobody came to are put before staff.

use domain::id::PersonId;
use domain::session::{Session, SessionState};
use domain::statement::Month;
use domain::time::Zone;
use jiff::{SignedDuration, Timestamp};
use storage::queue::Claimed;

use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// Sessions that are read at once.
const SESSIONS_A_PAGE: u16 = 50;
/// How long a look waits at least, and at most: a session that is booked meanwhile waits no longer.
const WAIT_MIN: SignedDuration = SignedDuration::from_hours(24);
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Puts the sessions of somebody's month that nobody came to before staff, once a report would be late, and
/// looks again while there are others to come.
pub async fn find(
    worker: &Worker,
    claimed: &Claimed,
    person: PersonId,
    month: Month,
) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Ok(span) = month.span(&Zone::utc()) else { return finish(worker, claimed).await };
    let (mut missed, mut next, mut after) = (Vec::new(), None, None);
    loop {
        let (sessions, rest) =
            worker.store.sessions_of(person, span, after.as_deref(), SESSIONS_A_PAGE).await?;
        for session in sessions.into_iter().filter(|session| session.with == person) {
            match told_at(&session, now) {
                Some(told_at) if now < told_at => next = Some(next.map_or(told_at, |next| told_at.min(next))),
                Some(_) => missed.push(session),
                None => {}
            }
        }
        after = rest;
        if after.is_none() {
            break;
        }
    }
    let (transaction, others_are_left) = worker.store.list_unattended(&missed, now).await?;
    let transaction = match next {
        _ if others_are_left => transaction.finish_until(claimed, now),
        Some(next) => transaction.finish_until(claimed, next.clamp(now + WAIT_MIN, now + WAIT_MAX)),
        None => transaction.finish(claimed),
    };
    Ok(transaction.commit().await?)
}

/// When staff is told that nobody came to a session; nothing where it is over otherwise.
fn told_at(session: &Session, now: Timestamp) -> Option<Timestamp> {
    let state = session.clone().as_of(now).state;
    (state.is_live() || state == SessionState::NobodyCame).then(|| session.report_until())
}
