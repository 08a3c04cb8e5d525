//! Who stands behind a degree: partners by agreement, accreditors, and countries.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Country, Validity};
use crate::id::{DegreeId, EditionId, PartnerId};

/// A university or company whose name stands on certificates while its agreement holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// The author's word for it.
    pub id: PartnerId,
    /// As it is printed.
    pub name: String,
    /// When it agreed to appear, agreement by agreement.
    pub agreements: Vec<Validity>,
}

/// A state's or accreditor's endorsement of an edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accreditation {
    /// Of which edition, in all its versions.
    pub edition: EditionId,
    /// Who accredits.
    pub accreditor: String,
    /// The accreditor's own number or name for it.
    pub reference: String,
    /// Level of the European Qualifications Framework, 1 to 8; a bachelor's is 6.
    pub eqf_level: u8,
    /// When it holds.
    pub valid: Validity,
}

/// A country in which a degree is recognized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recognition {
    /// Which degree.
    pub degree: DegreeId,
    /// Where.
    pub country: Country,
    /// When.
    pub valid: Validity,
    /// Who says so.
    pub source: String,
    /// Whether it only shows how a recognition looks, and no authority stands behind it.
    pub illustrative: bool,
}

impl Partner {
    /// Whether it may appear on what is made on a date.
    pub fn may_appear_on(&self, date: Date) -> bool {
        self.agreements.iter().any(|agreement| agreement.covers(date))
    }
}

impl Accreditation {
    /// Whether it holds on a date.
    pub fn covers(&self, date: Date) -> bool {
        self.valid.covers(date)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_partner_appears_only_while_an_agreement_holds() {
        let year = |from| Validity { from: date(from, 1, 1), until: Some(date(from + 1, 1, 1)) };
        let partner = Partner {
            id: "northbridge".parse().expect("a slug"),
            name: "Northbridge University".into(),
            agreements: vec![year(2026), year(2028)],
        };
        let check = |date, appears| assert_eq!(partner.may_appear_on(date), appears, "{date}");
        check(date(2025, 12, 31), false);
        check(date(2026, 1, 1), true);
        check(date(2026, 12, 31), true);
        check(date(2027, 1, 1), false);
        check(date(2028, 6, 1), true);
    }
}
