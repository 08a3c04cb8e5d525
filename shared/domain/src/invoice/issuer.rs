//! Who issues invoices in a market, and how they are numbered.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::money::Currency;
use crate::time::Zone;

/// Who invoices the students of a market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalEntity {
    /// Its word in invoice numbers.
    pub code: String,
    /// The zone whose calendar decides the date and year of issue.
    pub zone: Zone,
    /// The currency it invoices in.
    pub currency: Currency,
}

/// The number of an invoice: 1, 2, 3, ... without a gap per legal entity and year of issue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InvoiceNumber {
    /// The issuer's code.
    pub entity: String,
    /// The year of issue in the issuer's zone.
    pub year: i16,
    /// Which of that year.
    pub sequence: u64,
}

/// Each market (ISO 3166-1) with the zone and currency of its legal entity, whose code is the
/// market's.
const MARKETS: [(&str, &str, Currency); 8] = [
    ("CM", "Africa/Douala", Currency::Xaf),
    ("DE", "Europe/Berlin", Currency::Eur),
    ("FR", "Europe/Paris", Currency::Eur),
    ("GB", "Europe/London", Currency::Gbp),
    ("JP", "Asia/Tokyo", Currency::Jpy),
    ("KW", "Asia/Kuwait", Currency::Kwd),
    ("TN", "Africa/Tunis", Currency::Tnd),
    ("US", "America/New_York", Currency::Usd),
];

impl LegalEntity {
    /// The legal entity of a market, such as `GB`.
    pub fn of_market(market: &str) -> Option<Self> {
        let (code, zone, currency) = MARKETS.into_iter().find(|(code, ..)| *code == market)?;
        Some(Self { code: code.to_owned(), zone: zone.parse().ok()?, currency })
    }

    /// The year that an invoice issued now is numbered in.
    pub fn year_of_issue(&self, now: Timestamp) -> i16 {
        self.zone.date_at(now).year()
    }

    /// The number of a credit note issued now, the `sequence`-th of its year: a series of its own, so that
    /// the invoices' has no gap.
    pub fn credit_number(&self, sequence: u64, now: Timestamp) -> InvoiceNumber {
        InvoiceNumber { entity: self.credit_series(), year: self.year_of_issue(now), sequence }
    }

    /// The word of the series that numbers its credit notes.
    pub fn credit_series(&self) -> String {
        format!("{}-CN", self.code)
    }

    /// The number of an invoice issued now, the `sequence`-th of its year.
    pub fn number(&self, sequence: u64, now: Timestamp) -> InvoiceNumber {
        InvoiceNumber { entity: self.code.clone(), year: self.year_of_issue(now), sequence }
    }
}

/// As it stands on the invoice: `GB-2027-000001`.
impl fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:06}", self.entity, self.year, self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_market_has_a_legal_entity() {
        for (market, zone, _) in MARKETS {
            let entity = LegalEntity::of_market(market).expect("a known zone");
            assert_eq!(entity.zone.name(), zone);
        }
        assert_eq!(LegalEntity::of_market("XX"), None);
    }

    #[test]
    fn the_year_of_a_number_is_the_issuers() {
        let check = |market: &str, number: &str| {
            let entity = LegalEntity::of_market(market).expect("a market");
            let now = "2027-12-31T23:30:00Z".parse().expect("an instant");
            assert_eq!(entity.number(1, now).to_string(), number);
        };
        check("GB", "GB-2027-000001");
        check("FR", "FR-2028-000001");
        check("US", "US-2027-000001");
    }
}
