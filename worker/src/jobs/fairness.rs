//! What a defense tells of how juries judge, once its verdict counts.

use domain::fairness::JuryFact;
use domain::id::DefenseId;
use domain::time::Zone;
use storage::queue::Claimed;

use super::bill::edition;
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// Keeps what a defense tells, and forgets it where the defense was annulled.
pub async fn tell(worker: &Worker, claimed: &Claimed, id: DefenseId) -> Result<(), Unfinished> {
    let Some(hearing) = worker.store.hearing_for_job(id).await? else { return finish(worker, claimed).await };
    let (defense, enrollment) = (&hearing.defense.value, &hearing.progress.enrollment.value);
    let Some(verdict) = defense.verdict() else { return finish(worker, claimed).await };
    let request = defense.request();
    let assessment = worker.store.assessment(request.submission).await?;
    let edition = edition(worker, &enrollment.edition, enrollment.version).await?;
    let project = edition.projects.iter().find(|project| project.id == request.project);
    let criteria = project.map(|project| project.criteria.as_slice()).unwrap_or_default();
    let fact = assessment.and_then(|assessment| {
        JuryFact::of(defense, &assessment, criteria, &edition.edition.id, &edition.edition.market)
    });
    let transaction = match fact {
        Some(fact) => worker.store.keep_jury_fact(fact),
        None => worker.store.forget_jury_fact(id, Zone::utc().date_at(verdict.given_at)),
    };
    Ok(transaction.finish(claimed).commit().await?)
}
