//! What writes cost: the write units that the store says it took, index entries included.

use std::cell::Cell;
use std::future::Future;

use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

tokio::task_local! {
    static WRITE_UNITS: Cell<f64>;
}

/// Does work and counts the write units that it took, as the store bills them.
pub async fn count_write_units<F: Future>(work: F) -> (F::Output, f64) {
    WRITE_UNITS
        .scope(Cell::new(0.0), async {
            let output = work.await;
            (output, WRITE_UNITS.with(Cell::get))
        })
        .await
}

/// What a call is to ask for: nothing where nobody counts.
pub(crate) fn wanted() -> Option<ReturnConsumedCapacity> {
    WRITE_UNITS.try_with(|_| ReturnConsumedCapacity::Total).ok()
}

/// Counts what a call took.
pub(crate) fn count<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    let units = consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum::<f64>();
    let _ = WRITE_UNITS.try_with(|count| count.set(count.get() + units));
}
