//! Who collects direct debits, as the environment tells.

use std::collections::BTreeMap;

use domain::debit::Creditor;
use domain::invoice::LegalEntity;
use domain::money::Currency;
use thiserror::Error;

/// Why it cannot be read who collects. What is wrong is not said again: it may be an account.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreditorsUnreadable {
    /// Not the wanted form.
    #[error(
        r#"expected {{"FR": {{"name": ..., "iban": ..., "bic": ..., "creditor_id": ...}}}}, see line {line}, column {column}"#
    )]
    Form {
        /// Where.
        line: usize,
        /// Where in it.
        column: usize,
    },
    /// Direct debits are in euros.
    #[error("{entity} is no legal entity that invoices in euros")]
    NotEuros {
        /// Which.
        entity: String,
    },
}

/// Reads who collects direct debits, by legal entity: an object as JSON, or nothing.
pub fn creditors(text: &str) -> Result<BTreeMap<String, Creditor>, CreditorsUnreadable> {
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    let creditors: BTreeMap<String, Creditor> = serde_json::from_str(text)
        .map_err(|error| CreditorsUnreadable::Form { line: error.line(), column: error.column() })?;
    let euros = |entity: &str| LegalEntity::of_market(entity).is_some_and(|it| it.currency == Currency::Eur);
    match creditors.keys().find(|entity| !euros(entity)) {
        Some(entity) => Err(CreditorsUnreadable::NotEuros { entity: entity.clone() }),
        None => Ok(creditors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_collects_is_read_and_never_said_again() {
        assert_eq!(creditors(" "), Ok(BTreeMap::new()));
        let account = r#"{"name": "Compagnon SAS", "iban": "FR1420041010050500013M02606", "creditor_id": "FR72ZZZ123456"}"#;
        let read = creditors(&format!(r#"{{"FR": {account}}}"#)).expect("a creditor");
        assert_eq!(read["FR"].name, "Compagnon SAS");
        assert!(!format!("{read:?}").contains("2004101"));
        let pounds = creditors(&format!(r#"{{"GB": {account}}}"#));
        assert_eq!(pounds, Err(CreditorsUnreadable::NotEuros { entity: "GB".into() }));
        for text in ["[]", "{", r#"{"FR": {"iban": "FR1420041010050500013M02607"}}"#] {
            let refused = creditors(text).expect_err(text);
            assert!(!refused.to_string().contains("2004101"), "{refused}");
        }
    }
}
