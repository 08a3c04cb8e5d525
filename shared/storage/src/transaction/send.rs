//! One call for a transaction: several writes as one, one write alone, which costs half of that.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, TransactWriteItem, Update};

use crate::store::{Store, StoreError, count_one};
use crate::units;

/// A call that wrote nothing.
pub(super) struct Failed {
    pub(super) hindrance: Hindrance,
    pub(super) error: StoreError,
}

/// What stood in the way.
pub(super) enum Hindrance {
    /// Guards failed: the indexes of their operations.
    Guards(Vec<usize>),
    /// Others wrote the same items, or there were too many calls: worth another try.
    Passing,
    /// Nothing that another try would change.
    Lasting,
}

/// Writes all of it, or nothing.
pub(super) async fn send(store: &Store, mut writes: Vec<TransactWriteItem>) -> Result<(), Failed> {
    count_one();
    if writes.len() == 1 {
        match writes.remove(0) {
            TransactWriteItem { put: Some(put), .. } => return put_alone(store, put).await,
            TransactWriteItem { update: Some(update), .. } => return update_alone(store, update).await,
            TransactWriteItem { delete: Some(delete), .. } => return delete_alone(store, delete).await,
            check => writes.push(check),
        }
    }
    let call = store.client.transact_write_items().set_transact_items(Some(writes));
    let answer = call.set_return_consumed_capacity(units::wanted()).send().await;
    let answer = answer.map_err(|failure| {
        let hindrance = of_all(&failure);
        let error = StoreError::call(&failure);
        Failed {
            error: if is_invalid(&failure) { StoreError::Invalid(error.to_string()) } else { error },
            hindrance,
        }
    });
    units::count(answer?.consumed_capacity());
    Ok(())
}

async fn put_alone(store: &Store, put: Put) -> Result<(), Failed> {
    let call = store.client.put_item().table_name(put.table_name).set_item(Some(put.item));
    let call = call
        .set_condition_expression(put.condition_expression)
        .set_expression_attribute_names(put.expression_attribute_names)
        .set_expression_attribute_values(put.expression_attribute_values);
    let answer = call.set_return_consumed_capacity(units::wanted()).send().await.map_err(failed)?;
    units::count(answer.consumed_capacity());
    Ok(())
}

async fn update_alone(store: &Store, update: Update) -> Result<(), Failed> {
    let call = store.client.update_item().table_name(update.table_name).set_key(Some(update.key));
    let call = call
        .update_expression(update.update_expression)
        .set_condition_expression(update.condition_expression)
        .set_expression_attribute_names(update.expression_attribute_names)
        .set_expression_attribute_values(update.expression_attribute_values);
    let answer = call.set_return_consumed_capacity(units::wanted()).send().await.map_err(failed)?;
    units::count(answer.consumed_capacity());
    Ok(())
}

async fn delete_alone(store: &Store, delete: Delete) -> Result<(), Failed> {
    let call = store.client.delete_item().table_name(delete.table_name).set_key(Some(delete.key));
    let call = call
        .set_condition_expression(delete.condition_expression)
        .set_expression_attribute_names(delete.expression_attribute_names)
        .set_expression_attribute_values(delete.expression_attribute_values);
    let answer = call.set_return_consumed_capacity(units::wanted()).send().await.map_err(failed)?;
    units::count(answer.consumed_capacity());
    Ok(())
}

/// What a write of one item failed for.
fn failed<E>(failure: SdkError<E, HttpResponse>) -> Failed
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = failure.as_service_error().and_then(ProvideErrorMetadata::code);
    let hindrance = match code {
        Some("ConditionalCheckFailedException") => Hindrance::Guards(vec![0]),
        Some(
            "TransactionConflictException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "InternalServerError",
        ) => Hindrance::Passing,
        _ => Hindrance::Lasting,
    };
    Failed { hindrance, error: StoreError::call(&failure) }
}

/// What a transaction failed for.
fn of_all(failure: &SdkError<TransactWriteItemsError>) -> Hindrance {
    let Some(error) = failure.as_service_error() else { return Hindrance::Lasting };
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            of_reasons(cancelled.cancellation_reasons())
        }
        TransactWriteItemsError::TransactionInProgressException(_)
        | TransactWriteItemsError::ProvisionedThroughputExceededException(_)
        | TransactWriteItemsError::RequestLimitExceeded(_)
        | TransactWriteItemsError::InternalServerError(_) => Hindrance::Passing,
        other if other.meta().code() == Some("ThrottlingException") => Hindrance::Passing,
        _ => Hindrance::Lasting,
    }
}

/// Whether a transaction is against the store's rules as it is, so that no other try would go through.
fn is_invalid(failure: &SdkError<TransactWriteItemsError>) -> bool {
    let Some(error) = failure.as_service_error() else { return false };
    let refused = |reason: &CancellationReason| {
        matches!(reason.code(), Some("ValidationError" | "ItemCollectionSizeLimitExceeded"))
    };
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            cancelled.cancellation_reasons().iter().any(refused)
        }
        other => other.meta().code() == Some("ValidationException"),
    }
}

/// A failed guard outweighs a hindrance: trying again would not help it.
fn of_reasons(reasons: &[CancellationReason]) -> Hindrance {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let guards: Vec<usize> =
        reasons.iter().enumerate().filter(|(_, reason)| failed(reason)).map(|(index, _)| index).collect();
    if !guards.is_empty() {
        return Hindrance::Guards(guards);
    }
    let passing = |reason: &CancellationReason| {
        matches!(
            reason.code(),
            Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
        )
    };
    if reasons.iter().any(passing) { Hindrance::Passing } else { Hindrance::Lasting }
}
