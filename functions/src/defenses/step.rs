//! What every act on a defense has in common: load and permit, then settle and commit.

use axum::http::StatusCode;
use domain::defense::{Defense, Settled};
use domain::id::DefenseId;
use domain::permission::Action;
use domain::submission::Submission;
use storage::Item;
use storage::defense::{BookingRefused, DefenseRefused, Hearing};
use storage::transaction::Transaction;

use super::{DefenseView, POLICY};
use crate::call::Call;
use crate::problem::{Code, Problem};
use crate::reply::Reply;

/// How often a step is tried whose people's weeks are changed by others at the same moment.
const TRIES_MAX: u32 = 5;

/// A permitted act on a defense.
pub(super) struct Step<'a> {
    call: &'a Call,
    action: &'static Action,
    /// The defense with the student's progress.
    pub hearing: Hearing,
    /// The version of work that changes with it.
    pub submission: Option<Item<Submission>>,
}

impl<'a> Step<'a> {
    /// The act on a defense that is kept, if the asker may.
    pub async fn on(call: &'a Call, action: &'static Action, id: DefenseId) -> Result<Self, Problem> {
        let loaded = call.store().hearing(id).await?.ok_or_else(Problem::not_found)?;
        let hearing = call.permit(action, loaded).await?.into_inner();
        Ok(Self { call, action, hearing, submission: None })
    }

    /// An act that was permitted by other means.
    pub const fn with(call: &'a Call, action: &'static Action, hearing: Hearing) -> Self {
        Self { call, action, hearing, submission: None }
    }

    /// The defense as it was read.
    pub fn defense(&self) -> Defense {
        self.hearing.defense.value.clone()
    }

    /// Writes what the act made of the defense with all that follows, and shows it.
    pub async fn keep(self, next: Defense, status: StatusCode) -> Result<Reply, Problem> {
        let call = self.call;
        call.expect(&self.hearing.defense)?;
        let reply = Reply::new(status, &DefenseView::of(&next, call.person()?))?;
        let location = (status == StatusCode::CREATED).then(|| format!("/v1/defenses/{}", next.id()));
        let reply = Reply { location, ..reply.at(self.hearing.defense.revision + 1) };
        let settled = self.settle(next)?;
        for tried in 1.. {
            match call.commit(self.transaction(&settled).await?, reply.clone()).await {
                // Only a bit that is set is a taken slot: a week that somebody else wrote is read again.
                Err(problem) if problem.code == Code::Changed && tried < TRIES_MAX && settled.moves_time() => {}
                answer => return answer,
            }
        }
        Err(Problem::changed())
    }

    fn settle(&self, next: Defense) -> Result<Settled, Problem> {
        let before = &self.hearing.defense;
        let attempts = self.hearing.attempts();
        let path = self.hearing.path(&attempts);
        let now = self.call.now;
        let settled = match before.revision {
            0 => next.settle_request(path, POLICY, now),
            _ => before.value.settle(next, path, POLICY, now),
        };
        settled.map_err(|refusal| Problem::new(Code::WrongState, format!("{refusal}.")))
    }

    async fn transaction(&self, settled: &Settled) -> Result<Transaction<'a, DefenseRefused>, Problem> {
        let store = self.call.store();
        let diaries = match store.rebooked(settled).await {
            Ok(diaries) => diaries,
            Err(BookingRefused::Store(error)) => return Err(error.into()),
            Err(BookingRefused::Taken(_)) => return Err(self.slot_taken(settled).await?),
        };
        let transaction = store.settle(&self.hearing, settled, &diaries);
        let transaction = self.submission.iter().fold(transaction, |transaction, submission| {
            transaction.save(submission, DefenseRefused::Changed)
        });
        let (key, by) = (storage::Key::Defense(settled.defense.id()), self.call.person()?.to_string());
        Ok(transaction.audit(&key, self.action.name, &by, self.call.now))
    }

    async fn slot_taken(&self, settled: &Settled) -> Result<Problem, Problem> {
        let enrollment = &self.hearing.progress.enrollment.value;
        let studies = |slot: domain::occupancy::Slot| enrollment.session_allowed_at(slot.starts_at()).is_ok();
        let others = self.call.store().other_times(settled, studies).await?;
        let alternatives: Vec<_> = others
            .iter()
            .map(|slot| serde_json::json!({"starts_at": slot.starts_at(), "ends_at": slot.ends_at()}))
            .collect();
        let detail = "The student or the juror has something else then: take one of the alternatives.";
        Ok(Problem::new(Code::SlotTaken, detail).with("alternatives", alternatives))
    }
}
