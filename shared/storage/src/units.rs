//! What writes cost: the write units that the store says it took, index entries included.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

tokio::task_local! {
    static WRITE_UNITS: Arc<Mutex<f64>>;
}

/// Does work and counts the write units that it took, as the store bills them.
pub async fn count_write_units<F: Future>(work: F) -> (F::Output, f64) {
    let count = Arc::<Mutex<f64>>::default();
    let output = WRITE_UNITS.scope(count.clone(), work).await;
    let units = *count.lock().unwrap_or_else(PoisonError::into_inner);
    (output, units)
}

/// Work that is done in a task of its own, counted by whoever counts here.
pub fn counted<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let count = WRITE_UNITS.try_with(Clone::clone).ok();
    async move {
        match count {
            Some(count) => WRITE_UNITS.scope(count, work).await,
            None => work.await,
        }
    }
}

/// What a call is to ask for: nothing where nobody counts.
pub(crate) fn wanted() -> Option<ReturnConsumedCapacity> {
    WRITE_UNITS.try_with(|_| ReturnConsumedCapacity::Total).ok()
}

/// Counts what a call took.
pub(crate) fn count<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    let units = consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum::<f64>();
    let _ = WRITE_UNITS.try_with(|count| *count.lock().unwrap_or_else(PoisonError::into_inner) += units);
}
