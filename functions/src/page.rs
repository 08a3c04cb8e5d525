//! Lists: their items, and where the next page begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use storage::key::Query;
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

/// The sort key that a cursor stands for, if the list of that query may have given it out.
pub fn after_in(query: &Query, cursor: Option<&str>) -> Result<Option<String>, Problem> {
    let span = query.span();
    let within = |key: &str| (span.first.as_str()..=span.last.as_str()).contains(&key);
    match after(cursor)? {
        Some(key) if !within(&key) => {
            Err(Problem::new(Code::InvalidCursor, "Give the next_cursor of this list, unchanged."))
        }
        key => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use domain::id::PersonId;

    use super::*;

    #[test]
    fn a_cursor_counts_only_in_its_own_list() {
        let own = Query::PersonDefenses(PersonId::derived(&["maya"]));
        let page = List::<()>::page(Vec::new(), Some("defense#2027-02-07T18:15:00Z#def_1".into()));
        let given = page.next_cursor.as_deref();
        assert!(after_in(&own, given).is_ok());
        for (query, cursor) in [(Query::OpenDefenses, given), (own, Some("%"))] {
            assert_eq!(after_in(&query, cursor).map_err(|problem| problem.code), Err(Code::InvalidCursor));
        }
    }
}
