//! What the people of a session are told of it, and of their series: letters, written once with what they tell.

use std::collections::HashMap;

use domain::commitment::Commitment;
use domain::enrollment::Enrollment;
use domain::id::{EnrollmentId, PersonId, SessionId};
use domain::job::Job;
use domain::letter::{About, Letter};
use domain::person::Person;
use domain::session::{Due, Session, SessionState, Side, Tell};
use jiff::Timestamp;
use storage::Refused;
use storage::queue::Claimed;
use storage::transaction::read_again;

use crate::Worker;
use crate::outcome::Unfinished;

/// Two looks at one session at once: the later one has nothing left to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LookedMeanwhile;

/// Tells both people what is new about a session, or due, and asks for the next look at it.
pub async fn tell(
    worker: &Worker,
    claimed: &Claimed,
    enrollment: EnrollmentId,
    session: SessionId,
) -> Result<(), Unfinished> {
    let again = |refused: &Refused<LookedMeanwhile>| matches!(refused, Refused::By(LookedMeanwhile));
    Ok(read_again(again, || look(worker, claimed, enrollment, session)).await?)
}

async fn look(
    worker: &Worker,
    claimed: &Claimed,
    enrollment: EnrollmentId,
    id: SessionId,
) -> Result<(), Refused<LookedMeanwhile>> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(session) = worker.store.sessions_for_job(&[id]).await?.pop().map(|item| item.value) else {
        return worker.store.transaction().finish(claimed).commit().await;
    };
    let known = worker.store.session_notice(id).await?;
    let Due { notice, tell, next_at } = known.value.clone().due(&session, now);
    let people = if tell.is_empty() { Vec::new() } else { vec![session.student, session.with] };
    let names = worker.store.names(&people).await?;
    let letters =
        Vec::from_iter(tell.into_iter().map(|(side, told)| letter(&session, side, told, &names, now)));
    let transaction = worker.store.transaction().write_letters(&letters, now);
    let transaction = if notice == known.value {
        transaction
    } else {
        transaction.save(&known.with(notice), LookedMeanwhile)
    };
    let next = next_at.map(|at| (Job::TellSession { enrollment, session: id, at }, at));
    let transaction = match next {
        None => transaction.finish(claimed),
        // A clock that was set back: this look is still to come.
        Some((next, at)) if next == claimed.job => transaction.finish_until(claimed, at),
        Some((next, at)) => transaction.enqueue(&next, at).finish(claimed),
    };
    transaction.commit().await
}

/// The letter to one side that tells something.
fn letter(
    session: &Session,
    side: Side,
    told: Tell,
    names: &HashMap<PersonId, String>,
    now: Timestamp,
) -> Letter {
    let (to, other) = match side {
        Side::Mentor => (session.with, session.student),
        Side::Student | Side::School => (session.student, session.with),
    };
    let appointment = session.appointment(names.get(&other).cloned());
    let about = match told {
        Tell::Booked => About::SessionBooked { appointment },
        Tell::Moved { was } => About::SessionMoved { appointment, was },
        Tell::Cancelled => {
            let (by, reason) = called_off(session);
            About::SessionCancelled { appointment, by, reason }
        }
        Tell::Reminder => About::SessionReminder { appointment },
        Tell::ReportMissing => {
            About::ReportMissing { appointment, due_at: session.policy.report_until(session.ends_at) }
        }
    };
    Letter { enrollment: session.enrollment, to, at: now, about }
}

/// Who called a session off, and a person's own words for why.
fn called_off(session: &Session) -> (Side, String) {
    match &session.state {
        SessionState::CancelledEarly(it)
        | SessionState::CancelledLate(it)
        | SessionState::CancelledByMentor(it) => {
            let words = if it.cancelled_by == Side::School { String::new() } else { it.reason.clone() };
            (it.cancelled_by, words)
        }
        _ => (Side::School, String::new()),
    }
}

/// The letters to those of two people who find a series at another time of their day in the next weeks, for
/// which its sessions may be held.
pub fn wall_changes(
    series: &Commitment,
    enrollment: &Enrollment,
    people: &HashMap<PersonId, Person>,
    now: Timestamp,
) -> Vec<Letter> {
    let mut letters = Vec::new();
    let pair = [(series.student, series.with), (series.with, series.student)];
    for (to, other) in pair {
        let Some(reader) = people.get(&to) else { continue };
        for change in series.wall_changes_due(&reader.time_zone, now) {
            if enrollment.session_allowed_at(change.starts_at).is_err() {
                continue;
            }
            let about = About::WallChange {
                series: series.id,
                kind: series.kind,
                with: people.get(&other).and_then(|other| other.name.clone()),
                date: reader.time_zone.date_at(change.starts_at),
                before: change.before,
                after: change.after,
                time_zone: reader.time_zone.clone(),
            };
            letters.push(Letter { enrollment: series.enrollment, to, at: now, about });
        }
    }
    letters
}
