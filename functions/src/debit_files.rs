//! Files of direct debits: finance asks for one, and takes it to the bank.

use domain::debit::{CollectOnRefused, DebitFile, DebitFileState, RecallRefused, check_collect_on};
use domain::id::DebitFileId;
use domain::invoice::LegalEntity;
use domain::job::Job;
use domain::money::Money;
use domain::upload::Purpose;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::Stored;
use storage::clock::new_uuid;
use storage::key::Query;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::{Call, KeyedCall};
use crate::page::{ITEMS_MAX, List, after_in};
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::{MoneySchema, Refusals};

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_debit_file, list_debit_files))
        .routes(routes!(get_debit_file))
        .routes(routes!(recall_debit_file))
}

/// Which debits, and when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DebitFileBody {
    /// The legal entity that collects.
    #[schema(example = "FR")]
    entity: String,
    /// The day on which the bank collects: from the day after tomorrow on, at most fourteen days ahead, and
    /// one on which banks settle.
    #[schema(value_type = String, format = Date)]
    collect_on: Date,
}

/// A file of direct debits.
#[derive(Debug, Serialize, ToSchema)]
struct DebitFileView {
    id: String,
    #[schema(example = "FR")]
    entity: String,
    #[schema(value_type = String, format = Date)]
    collect_on: Date,
    /// `filling`, then `filled`, then `written`; `empty` where nothing waited, `recalled` where finance does not
    /// take it to the bank. What does not fit into a file of 10,000 debits is in one more of the same day.
    #[schema(example = "written")]
    state: &'static str,
    /// The file's own reference (`MsgId`), which the bank's reports name.
    message: String,
    /// How many debits are in it.
    debits: u32,
    #[schema(value_type = MoneySchema)]
    total: Money,
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// Of its bytes, once they are there.
    sha256: Option<String>,
    /// Answers its bytes (pain.008.001.08), for a while; null until it is written, and in lists.
    download_url: Option<String>,
}

impl From<&DebitFile> for DebitFileView {
    fn from(file: &DebitFile) -> Self {
        let sha256 = match &file.state {
            DebitFileState::Written { file } => Some(file.sha256.to_string()),
            _ => None,
        };
        Self {
            id: file.id.to_string(),
            entity: file.entity.clone(),
            collect_on: file.collect_on,
            state: file.state.word(),
            message: file.message(),
            debits: file.count,
            total: file.total,
            asked_at: file.asked_at,
            sha256,
            download_url: None,
        }
    }
}

/// Asks for a file of every direct debit of a legal entity that waits. Each is in one file alone; asked for
/// again, there is another file with what waits by then. It counts as paid from its day on, unless the file is
/// recalled before or the bank says otherwise.
#[utoipa::path(post, path = "/v1/admin/billing/debit-files", tag = "billing", request_body = DebitFileBody,
    responses((status = 201, description = "The file, which is being made", body = DebitFileView), Refusals))]
async fn create_debit_file(call: Call, Json(body): Json<DebitFileBody>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::CREATE_DEBIT_FILE).await?;
    let creditor = call.app.settings.creditors.get(&body.entity);
    let issuer = LegalEntity::of_market(&body.entity);
    let (Some(creditor), Some(issuer)) = (creditor, issuer) else {
        return Err(Problem::field("/entity", "No account collects direct debits for this legal entity."));
    };
    check_collect_on(body.collect_on, issuer.zone.date_at(call.now))?;
    let id = DebitFileId::new(new_uuid(call.machine_now));
    let nothing = Money::zero(issuer.currency);
    let file = DebitFile::asked(id, body.entity, creditor.clone(), nothing, body.collect_on, call.now);
    let reply = Reply::created(format!("/v1/admin/billing/debit-files/{id}"), &DebitFileView::from(&file))?;
    let by = call.person()?.to_string();
    let transaction = call.store().transaction().ask_debit_file(&file, Changed, call.now);
    call.commit(transaction.audit(&file.key(), "create_debit_file", &by, call.now), reply.at(1)).await
}

/// A new id was there already, or somebody changed the file.
#[derive(Debug, Clone, Copy)]
struct Changed;

impl From<Changed> for Problem {
    fn from(_: Changed) -> Self {
        Self::changed()
    }
}

impl From<CollectOnRefused> for Problem {
    fn from(refused: CollectOnRefused) -> Self {
        Self::field("/collect_on", format!("{refused}."))
    }
}

/// Whose, and where to read on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct DebitFilesParams {
    /// The legal entity.
    #[param(example = "FR")]
    entity: String,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists a legal entity's files of direct debits, the latest day first.
#[utoipa::path(get, path = "/v1/admin/billing/debit-files", tag = "billing", params(DebitFilesParams),
    responses((status = 200, description = "The files", body = List<DebitFileView>), Refusals))]
async fn list_debit_files(call: Call, Params(params): Params<DebitFilesParams>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::LIST_DEBIT_FILES).await?;
    if LegalEntity::of_market(&params.entity).is_none() {
        return Err(Problem::new(Code::InvalidParameter, "There is no such legal entity."));
    }
    let after = after_in(&Query::DebitFiles(params.entity.clone()), params.cursor.as_deref())?;
    let (files, next) = call.store().debit_files(&params.entity, after.as_deref(), ITEMS_MAX).await?;
    Reply::ok(&List::page(files.iter().map(|file| DebitFileView::from(&file.value)).collect(), next))
}

/// Shows a file of direct debits, with a link to its bytes.
#[utoipa::path(get, path = "/v1/admin/billing/debit-files/{id}", tag = "billing", params(("id" = String, Path)),
    responses((status = 200, description = "The file", body = DebitFileView), Refusals))]
async fn get_debit_file(call: Call, At(id): At<DebitFileId>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::GET_DEBIT_FILE).await?;
    let file = call.store().debit_file(id).await?.ok_or_else(Problem::not_found)?;
    let mut view = DebitFileView::from(&file.value);
    if let DebitFileState::Written { file } = &file.value.state {
        let (bucket, name) = (call.store().bucket(Purpose::Evidence), format!("{id}.xml"));
        view.download_url = Some(bucket.link(&file.key, &name, call.app.settings.link_lifetime).await?);
    }
    Ok(Reply::ok(&view)?.at(file.revision))
}

/// Says, before its day, that a file is not taken to the bank: what is in it waits for the next file.
#[utoipa::path(post, path = "/v1/admin/billing/debit-files/{id}/recall", tag = "billing",
    params(("id" = String, Path)),
    responses((status = 200, description = "The file", body = DebitFileView), Refusals))]
async fn recall_debit_file(KeyedCall(call): KeyedCall, At(id): At<DebitFileId>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::RECALL_DEBIT_FILE).await?;
    let file = call.store().debit_file(id).await?.ok_or_else(Problem::not_found)?;
    call.expect(&file)?;
    let issuer = LegalEntity::of_market(&file.value.entity).ok_or_else(Problem::not_found)?;
    let today = issuer.zone.date_at(call.now);
    let item = file.try_map(|file| file.recall(today, call.now))?;
    let reply = Reply::ok(&DebitFileView::from(&item.value))?.at(item.revision + 1);
    let by = call.person()?.to_string();
    let transaction = call.store().transaction().save(&item, Changed);
    let transaction = transaction.enqueue(&Job::EmptyDebitFile { file: id }, call.now);
    call.commit(transaction.audit(&item.value.key(), "recall_debit_file", &by, call.now), reply).await
}

impl From<RecallRefused> for Problem {
    fn from(refused: RecallRefused) -> Self {
        Self::new(Code::WrongState, format!("{refused}."))
    }
}
