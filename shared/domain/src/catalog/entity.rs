//! The legal entities that issue invoices, as they stand on them.

use serde::{Deserialize, Serialize};

use super::Country;

/// The most lines of a legal entity's address.
pub const ENTITY_LINES_MAX: usize = 6;

/// Who issues invoices in a market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// In which market.
    pub market: Country,
    /// The legal name.
    pub name: String,
    /// The address, line by line.
    pub address: Vec<String>,
    /// The number that tax offices know it by.
    #[serde(default)]
    pub tax_id: Option<String>,
}
