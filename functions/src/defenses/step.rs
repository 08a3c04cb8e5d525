//! What every act on a defense has in common: load, permit, decide, settle, commit.

use axum::http::StatusCode;
use domain::defense::{Defense, DefenseRefusal, Settled};
use domain::id::DefenseId;
use domain::jury::CapReached;
use domain::permission::Action;
use storage::Key;
use storage::defense::{BookingRefused, DefenseRefused, Hearing};
use storage::transaction::Transaction;

use super::DefenseView;
use super::jurors::{OfferView, other_times};
use crate::call::Call;
use crate::problem::{Code, Problem};
use crate::reply::Reply;

/// How often an act is decided anew because somebody else changed what it read.
pub(super) const TRIES_MAX: u32 = 8;

/// What an act makes of a defense, and the status that says so.
pub(super) type Decided = Result<(StatusCode, Defense), DefenseRefusal>;

/// Acts on a defense, if the asker may.
///
/// Where somebody else changes the defense, the student's progress or a week at the same moment, all
/// is read and decided again: only a bit that is set is a taken slot.
pub(super) async fn act(
    call: &Call,
    action: &Action,
    id: DefenseId,
    decide: impl Fn(&Hearing) -> Decided,
) -> Result<Reply, Problem> {
    for _ in 0..TRIES_MAX {
        let loaded = call.store().hearing(id).await?.ok_or_else(Problem::not_found)?;
        let hearing = call.permit(action, loaded).await?.into_inner();
        let (status, next) = decide(&hearing)?;
        match keep(call, action, &hearing, next, status).await {
            Err(problem) if problem.code == Code::Changed => {}
            kept => return kept,
        }
    }
    Err(Problem::changed())
}

/// Writes what an act made of a defense with all that follows, and shows it.
pub(super) async fn keep(
    call: &Call,
    action: &Action,
    hearing: &Hearing,
    next: Defense,
    status: StatusCode,
) -> Result<Reply, Problem> {
    call.expect(&hearing.defense)?;
    let reply = Reply::new(status, &DefenseView::of(&next, call.person()?))?;
    let location = (status == StatusCode::CREATED).then(|| format!("/v1/defenses/{}", next.id()));
    let reply = Reply { location, ..reply.at(hearing.defense.revision + 1) };
    let settled = settle(call, hearing, next)?;
    let transaction = transaction(call, hearing, &settled).await?;
    let heard = call.store().heard(&hearing.defense.value, &settled).await?;
    let transaction = transaction.heard(heard, call.now);
    let (key, by) = (Key::Defense(settled.defense.id()), call.person()?.to_string());
    call.commit(transaction.audit(&key, action.name, &by, call.now), reply).await
}

fn settle(call: &Call, hearing: &Hearing, next: Defense) -> Result<Settled, Problem> {
    let before = &hearing.defense;
    let attempts = hearing.attempts();
    let path = hearing.path(&attempts);
    Ok(match before.revision {
        0 => next.settle_request(path, call.now),
        _ => before.value.settle(next, path, call.now),
    }?)
}

async fn transaction<'a>(
    call: &'a Call,
    hearing: &Hearing,
    settled: &Settled,
) -> Result<Transaction<'a, DefenseRefused>, Problem> {
    match call.store().rebooked(settled).await {
        Ok(diaries) => Ok(call.store().keep_step(hearing, settled, &diaries)),
        Err(BookingRefused::Store(error)) => Err(error.into()),
        Err(BookingRefused::Taken(_)) => Err(not_free(call, hearing, settled, None).await?),
        Err(BookingRefused::Capped(cap)) => Err(not_free(call, hearing, settled, Some(cap)).await?),
    }
}

/// The refusal of a time that is taken, or at which the juror judges enough, with other times: over all jurors
/// who could come, and where these have none, of the one who is assigned.
async fn not_free(
    call: &Call,
    hearing: &Hearing,
    settled: &Settled,
    cap: Option<CapReached>,
) -> Result<Problem, Problem> {
    let mut offers = match settled.defense.slot() {
        Some(slot) => other_times(call, hearing, slot).await?,
        None => Vec::new(),
    };
    if offers.is_empty() {
        let enrollment = &hearing.progress.enrollment.value;
        let studies = |slot: domain::occupancy::Slot| enrollment.session_allowed_at(slot.starts_at()).is_ok();
        let own = call.store().other_times(settled, studies).await?;
        let juror = settled.defense.juror();
        offers
            .extend(own.iter().filter_map(|slot| Some(OfferView::of(juror?, slot.starts_at(), enrollment))));
    }
    let (code, detail) = match cap {
        Some(cap) => (Code::CapacityFull, format!("{cap}: take one of the alternatives.")),
        None => {
            let detail = "The student or the juror has something else then: take one of the alternatives.";
            (Code::SlotTaken, detail.to_owned())
        }
    };
    Ok(Problem::new(code, detail).with("alternatives", offers))
}
