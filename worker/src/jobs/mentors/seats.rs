//! Seats that are not needed any more.

use domain::enrollment::Enrollment;
use domain::id::{EnrollmentId, PersonId};
use domain::job::Job;
use jiff::civil::Date;
use storage::queue::Claimed;
use storage::transaction::read_again;

use super::super::finish;
use super::was_changed;
use crate::Worker;
use crate::outcome::Unfinished;

/// Gives back an enrollment's seats with mentors whom it has no more, and asks for a look on the day on which the
/// next of them hands over.
pub async fn arrange(worker: &Worker, claimed: &Claimed, id: EnrollmentId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(enrollment) = worker.store.enrollment_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    let enrollment = enrollment.value.as_of(now);
    let today = enrollment.date_at(now);
    let mut mentors = Vec::from_iter(enrollment.mentors.iter().map(|assignment| assignment.mentor));
    mentors.sort_unstable();
    mentors.dedup();
    for seats in worker.store.seats_of(&mentors).await? {
        let mentor = seats.value.mentor;
        if seats.value.taken.contains_key(&id) && !is_needed(&enrollment, mentor, today) {
            read_again(was_changed, || give_back(worker, mentor, id, today)).await?;
        }
    }
    let hands_over = enrollment.mentors.iter().filter_map(|assignment| assignment.to);
    let next = hands_over.filter(|to| enrollment.is_live() && today < *to).min();
    let Some((on, begins)) = next.and_then(|on| Some((on, enrollment.time_zone.start_of(on).ok()?))) else {
        return finish(worker, claimed).await;
    };
    let look = Job::ArrangeSeats { enrollment: id, on };
    Ok(worker.store.transaction::<()>().enqueue(&look, begins).finish(claimed).commit().await?)
}

fn is_needed(enrollment: &Enrollment, mentor: PersonId, today: Date) -> bool {
    let goes_on = |to: Option<Date>| to.is_none_or(|to| today < to);
    let own = enrollment.mentors.iter().filter(|assignment| assignment.mentor == mentor);
    enrollment.is_live() && own.into_iter().any(|assignment| goes_on(assignment.to))
}

async fn give_back(
    worker: &Worker,
    mentor: PersonId,
    id: EnrollmentId,
    today: Date,
) -> Result<(), Unfinished> {
    let seats = worker.store.seats(mentor).await?;
    let Some(enrollment) = worker.store.enrollment_for_job(id).await? else { return Ok(()) };
    if !seats.value.taken.contains_key(&id) || is_needed(&enrollment.value, mentor, today) {
        return Ok(());
    }
    let seats = seats.clone().with(seats.value.give_back(id));
    let changed = "the seats or the enrollment";
    let transaction = worker.store.transaction::<&str>().require(&enrollment, changed);
    Ok(transaction.save(&seats, changed).commit().await?)
}
