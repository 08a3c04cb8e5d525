//! Lists: their items, and where the next page begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::{Code, Problem};

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// What is on this page.
    pub items: Vec<T>,
    /// Give it as `cursor` to read on; null at the end.
    pub next_cursor: Option<String>,
}

/// Where to read on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// How many items a page has.
pub const ITEMS_MAX: u16 = 50;

impl<T> List<T> {
    /// A list that has one page.
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }

    /// A page that ends behind a sort key of the table.
    pub fn page(items: Vec<T>, next: Option<String>) -> Self {
        Self { items, next_cursor: next.map(|key| URL_SAFE_NO_PAD.encode(key)) }
    }
}

/// The sort key that a cursor stands for.
pub fn after(cursor: Option<&str>) -> Result<Option<String>, Problem> {
    let invalid = || Problem::new(Code::InvalidCursor, "Give the next_cursor of the page before, unchanged.");
    let Some(cursor) = cursor else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
    String::from_utf8(bytes).map(Some).map_err(|_| invalid())
}
