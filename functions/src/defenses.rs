//! Defenses: asked for, planned, held, judged, and their recording.

mod appealing; // appeal, who judges it, the decision; annulment
mod conditions; // what a conditional verdict asks for
mod holding; // consent, start, end
mod judging; // verdict and waiver
mod jurors; // who could judge, and when
mod planning; // request, juror, time
mod recording; // who watches it
mod playlist; // its film in pieces
mod refusals; // why not
mod together; // jurors for several
mod step; // what every act has in common
mod view; // what is shown to whom

use domain::defense::Stage;
use domain::id::DefenseId;
use domain::upload::{Purpose, UploadKey};
use serde::Deserialize;
use storage::key::Query;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::Call;
use crate::page::{ITEMS_MAX, List, after_in};
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;
use crate::video::defense_url;

pub use view::DefenseView;

/// Reads of a list for one page of one state, before the rest is left to the next page.
const PAGE_READS_MAX: usize = 10;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_defenses))
        .routes(routes!(get_defense))
        .merge(planning::routes())
        .merge(jurors::routes())
        .merge(together::routes())
        .merge(holding::routes())
        .merge(judging::routes())
        .merge(conditions::routes())
        .merge(appealing::routes())
        .merge(recording::routes())
        .merge(playlist::routes())
}

/// Which defenses are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    /// Only those in this state.
    #[param(value_type = Option<String>)]
    state: Option<Stage>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists one's own defenses, newest first; for staff all of the school's that are not over, oldest
/// first.
#[utoipa::path(get, path = "/v1/defenses", tag = "defenses", params(ListParams),
    responses((status = 200, description = "A page of defenses", body = List<DefenseView>), Refusals))]
async fn list_defenses(call: Call, Params(params): Params<ListParams>) -> Result<Reply, Problem> {
    let me = call.person()?;
    let query = match call.permit_role(&permissions::LIST_DEFENSES).await {
        Ok(()) => Query::OpenDefenses,
        Err(problem) if problem.code == Code::Forbidden => Query::PersonDefenses(me),
        Err(problem) => return Err(problem),
    };
    let mut after = after_in(&query, params.cursor.as_deref())?;
    let mut items = Vec::new();
    for _ in 0..PAGE_READS_MAX {
        let (page, next) = match query {
            Query::OpenDefenses => call.store().open_defenses(after.as_deref(), ITEMS_MAX).await?,
            _ => call.store().defenses_of(me, after.as_deref(), ITEMS_MAX).await?,
        };
        let wanted =
            page.iter().filter(|item| params.state.is_none_or(|stage| stage == item.value.state().stage()));
        items.extend(wanted.map(|item| DefenseView::of(&item.value, me)));
        after = next;
        if after.is_none() || items.len() >= usize::from(ITEMS_MAX) {
            break;
        }
    }
    Reply::ok(&List::page(items, after))
}

/// Reads a defense. The mentor's judgment is left out for its juror until the juror's own is sealed.
#[utoipa::path(get, path = "/v1/defenses/{id}", tag = "defenses", params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn get_defense(call: Call, At(id): At<DefenseId>) -> Result<Reply, Problem> {
    let loaded = call.store().defense(id).await?.ok_or_else(Problem::not_found)?;
    let defense = call.permit(&permissions::GET_DEFENSE, loaded).await?;
    let me = call.person()?;
    let mut view = DefenseView::of(&defense.value, me);
    if defense.value.shows_mentor_verdict_to(me) {
        view.assessment = call.store().assessment(defense.value.request().submission).await?;
    }
    view.join_url = defense_url(&call, &defense.value).await?;
    let sitting = defense.value.sitting();
    if let (Some(condition), Some(upload)) =
        (&mut view.condition, sitting.and_then(|sitting| sitting.condition_upload.as_ref()))
    {
        let key = UploadKey { purpose: Purpose::Evidence, upload: upload.upload };
        let link = call.file_link(key.purpose, &key.to_string(), &format!("{id}-condition")).await?;
        condition.url = Some(link.url);
    }
    Ok(Reply::ok(&view)?.at(defense.revision))
}
