//! What was planned for an enrollment: a quote's end, a pause's begin, a withdrawal.

use domain::enrollment::{Enrollment, State, WithdrawalCause};
use domain::id::EnrollmentId;
use domain::invoice::{Invoice, Payment, PaymentState};
use domain::job::Job;
use jiff::{SignedDuration, Timestamp};
use storage::queue::Claimed;
use storage::{Item, Stored};

use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// How long a quote's end waits for word of a payment that was tried in time, before it looks again.
const PAYMENT_LOOK: SignedDuration = SignedDuration::from_hours(1);
/// How long it waits at most: a provider that says nothing for so long is a case for finance.
const PAYMENT_WAIT_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Stores what an enrollment became by what was planned for it.
pub async fn apply_planned(
    worker: &Worker,
    claimed: &Claimed,
    id: EnrollmentId,
    at: Timestamp,
) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(before) = worker.store.enrollment_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    let after = before.value.clone().as_of(now);
    if after == before.value {
        return finish(worker, claimed).await;
    }
    let was = before.value.clone();
    let item = before.with(after);
    let drafts = if quote_expired(&item.value) { worker.store.drafts_of(id).await? } else { Vec::new() };
    if now < at + PAYMENT_WAIT_MAX && any_payment_is_open(&drafts) {
        let transaction = worker.store.transaction::<()>().finish_until(claimed, now + PAYMENT_LOOK);
        return Ok(transaction.commit().await?);
    }
    let changed = "the enrollment or its draft changed";
    let transaction = worker
        .store
        .transaction::<&str>()
        .save(&item, changed)
        .then_planned(&item.value)
        .enqueue(&Job::ArrangeSessions { enrollment: id }, now)
        .audit(&item.value.key(), claimed.job.kind(), "worker", now)
        .finish(claimed);
    // A draft on which money came in is kept, until finance has given it back.
    let transaction = drafts
        .iter()
        .filter(|draft| draft.value.paid.is_zero())
        .fold(transaction, |transaction, draft| transaction.drop_draft(draft, changed));
    let live = item.value.state.is_live();
    let transaction =
        if live { transaction } else { transaction.no_longer_live(&item.value).leave_line(&was) };
    Ok(transaction.commit().await?)
}

const fn quote_expired(enrollment: &Enrollment) -> bool {
    matches!(enrollment.state, State::Withdrawn { cause: WithdrawalCause::QuoteExpired, .. })
}

/// Whether a provider was asked for the money of a draft and has not said what became of it.
fn any_payment_is_open(drafts: &[Item<Invoice>]) -> bool {
    // A debit is put into a file only if its day comes before the quote's end.
    let open =
        |charge: &Payment| charge.is_under_way() || matches!(charge.state, PaymentState::Submitted { .. });
    drafts.iter().any(|draft| draft.value.charge.as_ref().is_some_and(open))
}
