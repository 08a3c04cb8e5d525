//! Ties that people declare, so that nobody judges a colleague, a relative or a friend.

use std::collections::BTreeSet;

use domain::conflict::{DeclarationError, Declarations};
use domain::id::PersonId;
use domain::job::Job;
use serde::{Deserialize, Serialize};
use storage::transaction::read_again;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_conflicts, put_conflicts))
}

/// A tie to somebody.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TieBody {
    /// To whom.
    #[schema(value_type = String)]
    person: PersonId,
    /// Which one, in one's own words.
    #[schema(example = "we share an office")]
    reason: String,
}

/// All ties that a person declares.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConflictsBody {
    /// Whom one could not judge, or be judged by, impartially.
    people: Vec<TieBody>,
}

impl ConflictsBody {
    fn of(declared: &Declarations) -> Self {
        let ties = declared.people.iter();
        Self {
            people: ties
                .map(|(person, reason)| TieBody { person: *person, reason: reason.clone() })
                .collect(),
        }
    }
}

/// Reads what one declared.
#[utoipa::path(get, path = "/v1/people/me/conflicts", tag = "people",
    responses((status = 200, description = "The ties, with an ETag", body = ConflictsBody), Refusals))]
async fn get_conflicts(call: Call) -> Result<Reply, Problem> {
    let loaded = call.store().declarations(call.person()?).await?;
    let item = call.permit(&permissions::GET_CONFLICTS, loaded).await?;
    Ok(Reply::ok(&ConflictsBody::of(&item.value))?.at(item.revision))
}

/// Declares one's ties, in place of those declared before.
///
/// From then on neither of the two judges the other. What a student declares also stays with their
/// enrollments when it is taken back here.
#[utoipa::path(put, path = "/v1/people/me/conflicts", tag = "people", request_body = ConflictsBody,
    responses((status = 200, description = "The ties as they are now", body = ConflictsBody), Refusals))]
async fn put_conflicts(call: Call, Json(body): Json<ConflictsBody>) -> Result<Reply, Problem> {
    read_again(Problem::was_changed, || declare(&call, body.clone())).await
}

async fn declare(call: &Call, body: ConflictsBody) -> Result<Reply, Problem> {
    let person = call.person()?;
    let loaded = call.store().declarations(person).await?;
    let item = call.permit(&permissions::PUT_CONFLICTS, loaded).await?.into_inner();
    call.expect_sent(&item)?;
    let entries = body.people.into_iter().map(|tie| (tie.person, tie.reason)).collect();
    let item = item.try_map(|declared| declared.declare(entries))?;
    let sets = call.store().conflict_sets_of(person).await?;
    let reply = Reply::ok(&ConflictsBody::of(&item.value))?.at(item.revision + 1);
    let own = BTreeSet::from_iter(sets.iter().map(|set| set.value.enrollment()));
    let mut judged = call.store().judged_sets(&item.value).await?;
    judged.retain(|set| !own.contains(&set.value.enrollment()));
    let transaction = call.store().keep_declarations(&item, sets, call.now, Problem::changed());
    let arranged = judged.iter().fold(transaction, |transaction, set| {
        let arrange = Job::ArrangeDefenses { enrollment: set.value.enrollment(), at: call.now };
        transaction.save(set, Problem::changed()).enqueue(&arrange, call.now)
    });
    call.commit(arranged, reply).await
}

impl From<DeclarationError> for Problem {
    fn from(error: DeclarationError) -> Self {
        Self::field(error.pointer(), format!("{error}."))
    }
}
