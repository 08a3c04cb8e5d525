//! What staff is told of sessions: those that nobody came to.

use domain::session::SessionState;
use storage::key::Query;

use super::views::SessionView;
use crate::call::Call;
use crate::page::{Cursor, ITEMS_MAX, List, after};
use crate::params::Params;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// Lists the sessions that nobody came to, for three months, the latest first, shard by shard: from the time on
/// at which a report would be late, until somebody settles that it ended otherwise. A page may be shorter than
/// others, or empty, before the end.
#[utoipa::path(get, path = "/v1/admin/sessions/unattended", tag = "sessions", params(Cursor),
    responses((status = 200, description = "The sessions", body = List<SessionView>), Refusals))]
pub(super) async fn list_unattended(call: Call, Params(params): Params<Cursor>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::LIST_UNATTENDED).await?;
    let invalid = || Problem::new(Code::InvalidCursor, "Give the next_cursor of this list, unchanged.");
    let cursor = after(params.cursor.as_deref())?;
    let (shard, key) = match cursor.as_deref() {
        None => (0, ""),
        Some(cursor) => {
            let (shard, key) = cursor.split_once('/').ok_or_else(invalid)?;
            (shard.parse::<u16>().map_err(|_| invalid())?, key)
        }
    };
    let span = Query::Unattended(shard).span();
    if !key.is_empty() && !(span.first.as_str()..=span.last.as_str()).contains(&key) {
        return Err(invalid());
    }
    let after = Some(key).filter(|key| !key.is_empty());
    let (sessions, next) = call.store().unattended(shard, after, ITEMS_MAX).await?;
    let next = match next {
        Some(key) => Some(format!("{shard}/{key}")),
        None => {
            shard.checked_add(1).filter(|it| *it < call.store().billing_shards()).map(|it| format!("{it}/"))
        }
    };
    let missed = |session: &&storage::Item<domain::session::Session>| {
        session.value.clone().as_of(call.now).state == SessionState::NobodyCame
    };
    let views = sessions.iter().filter(missed).map(|session| SessionView::of(&session.value, call.now));
    Reply::ok(&List::page(views.collect(), next))
}
