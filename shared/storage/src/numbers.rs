//! Numbers without a gap: the last one that a series gave out in a year.

use serde::{Deserialize, Serialize};

use crate::item::{Item, Stored};
use crate::key::Key;
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

/// The last number of a series in a year of issue: an issuer's invoices, or its credit notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    #[serde(rename = "issuer")]
    series: String,
    year: i16,
    last: u64,
}

impl Stored for Numbers {
    const KIND: &'static str = "numbers";

    fn key(&self) -> Key {
        Key::InvoiceNumbers(self.series.clone(), self.year)
    }
}

impl Numbers {
    /// The number that comes next.
    pub const fn next(&self) -> u64 {
        self.last + 1
    }
}

impl Store {
    /// The numbers that a series has given out in a year.
    pub async fn numbers(&self, series: &str, year: i16) -> Result<Item<Numbers>, StoreError> {
        let kept = self.get(&Key::InvoiceNumbers(series.to_owned(), year)).await?;
        Ok(kept.unwrap_or(Item::new(Numbers { series: series.to_owned(), year, last: 0 })))
    }
}

impl<R> Transaction<'_, R> {
    /// Takes so many next numbers of a series, if nobody took one since it was read.
    pub fn take_numbers(self, numbers: &Item<Numbers>, count: usize, taken: R) -> Self {
        if count == 0 {
            return self;
        }
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let next = Numbers { last: numbers.value.last.saturating_add(count), ..numbers.value.clone() };
        self.save(&numbers.clone().with(next), taken)
    }
}
