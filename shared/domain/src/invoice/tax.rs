//! Tax: what a market's rule of the day makes of a price, rounded once per category and invoice.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError};

/// What becomes of a price by the law of the country that invoices, from a date on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxRule {
    /// ISO 3166-1 code of the market whose legal entity invoices.
    pub market: String,
    /// The first date on which it holds.
    pub since: Date,
    /// How a month is taxed.
    pub treatment: Treatment,
    /// Where the payer owes the tax instead, being a business elsewhere; nothing where that is unknown.
    #[serde(default)]
    pub reverse_charge: Option<ReverseCharge>,
    /// The law behind it.
    pub source: String,
}

/// How a price is taxed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Treatment {
    /// Not at all.
    Exempt {
        /// As it must stand on the invoice.
        reason: String,
    },
    /// At a rate.
    Standard {
        /// Hundredths of a percent: 2000 is 20 %.
        rate_basis_points: u32,
        /// Whether the price list's price holds the tax already.
        price: PriceKind,
    },
}

/// What a price list's price is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceKind {
    /// Without tax, which comes on top.
    Net,
    /// With tax.
    Gross,
}

/// Where businesses owe the tax themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReverseCharge {
    /// ISO 3166-1 codes of their countries.
    pub countries: Vec<String>,
    /// As it must stand on the invoice.
    pub reason: String,
}

/// A payer that is a business, as far as tax asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Business {
    /// ISO 3166-1 code of its country.
    pub country: String,
    /// Its tax number there.
    pub tax_id: String,
}

/// A category of tax on an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxCategory {
    /// None is owed.
    Exempt,
    /// At the standard rate.
    Standard,
    /// The payer owes it.
    ReverseCharge,
}

/// The tax of one category on an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxLine {
    /// Which.
    pub category: TaxCategory,
    /// Hundredths of a percent.
    pub rate_basis_points: u32,
    /// What it is computed on.
    pub base: Money,
    /// How much.
    pub amount: Money,
    /// Why nothing is owed, as it must stand on the invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Parts of a whole in which rates are given.
const BASIS_POINTS: u64 = 10_000;

impl TaxRule {
    /// The rule of the day among those of a market.
    pub fn on(rules: &[Self], date: Date) -> Option<&Self> {
        rules.iter().filter(|rule| rule.since <= date).max_by_key(|rule| rule.since)
    }
}

impl TaxLine {
    /// The tax on a price under a rule; a market without a rule charges none.
    pub fn on(price: Money, rule: Option<&TaxRule>, payer: Option<&Business>) -> Result<Self, MoneyError> {
        let Some(rule) = rule else {
            return Ok(Self::none(TaxCategory::Exempt, price, NO_RULE.to_owned()));
        };
        match (&rule.treatment, &rule.reverse_charge, payer) {
            (Treatment::Exempt { reason }, ..) => Ok(Self::none(TaxCategory::Exempt, price, reason.clone())),
            (Treatment::Standard { rate_basis_points, price: kind }, Some(reverse), Some(business))
                if reverse.countries.contains(&business.country) =>
            {
                let net = price.minus(included(price, *rate_basis_points, *kind)?)?;
                Ok(Self::none(TaxCategory::ReverseCharge, net, reverse.reason.clone()))
            }
            (Treatment::Standard { rate_basis_points, price: kind }, ..) => {
                let rate = u64::from(*rate_basis_points);
                let within = included(price, *rate_basis_points, *kind)?;
                let base = price.minus(within)?;
                let amount = match kind {
                    PriceKind::Net => base.part(rate, BASIS_POINTS)?,
                    PriceKind::Gross => within,
                };
                let category = TaxCategory::Standard;
                Ok(Self { category, rate_basis_points: *rate_basis_points, base, amount, reason: None })
            }
        }
    }

    fn none(category: TaxCategory, base: Money, reason: String) -> Self {
        let amount = Money::zero(base.currency);
        Self { category, rate_basis_points: 0, base, amount, reason: Some(reason) }
    }
}

/// Why no tax is charged where no rule is recorded.
const NO_RULE: &str = "No tax rule is recorded for this market.";

/// The tax that a price holds already.
fn included(price: Money, rate_basis_points: u32, kind: PriceKind) -> Result<Money, MoneyError> {
    let rate = u64::from(rate_basis_points);
    match kind {
        PriceKind::Net => Ok(Money::zero(price.currency)),
        PriceKind::Gross => price.part(rate, BASIS_POINTS + rate),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency::{Eur, Gbp};

    fn standard(rate_basis_points: u32, price: PriceKind) -> TaxRule {
        TaxRule {
            market: "FR".into(),
            since: "2026-01-01".parse().expect("a date"),
            treatment: Treatment::Standard { rate_basis_points, price },
            reverse_charge: Some(ReverseCharge {
                countries: vec!["DE".into()],
                reason: "Reverse charge".into(),
            }),
            source: "A law".into(),
        }
    }

    #[test]
    fn a_rate_is_charged_on_top_or_within() {
        let check = |price, kind, base, amount| {
            let line = TaxLine::on(Money::minor(price, Gbp), Some(&standard(2_000, kind)), None);
            let line = line.expect("fits");
            assert_eq!((line.base.amount_minor, line.amount.amount_minor), (base, amount));
        };
        check(30_000, PriceKind::Net, 30_000, 6_000);
        check(30_000, PriceKind::Gross, 25_000, 5_000);
        check(9_999, PriceKind::Net, 9_999, 2_000);
        check(9_999, PriceKind::Gross, 8_332, 1_667);
    }

    #[test]
    fn a_business_elsewhere_owes_the_tax_itself() {
        let business = |country: &str| Business { country: country.into(), tax_id: "X1".into() };
        let rule = standard(2_000, PriceKind::Gross);
        let tax = |country: &str| {
            let line = TaxLine::on(Money::minor(12_000, Eur), Some(&rule), Some(&business(country)));
            line.map(|line| (line.category, line.base.amount_minor, line.amount.amount_minor)).expect("fits")
        };
        assert_eq!(tax("DE"), (TaxCategory::ReverseCharge, 10_000, 0));
        assert_eq!(tax("FR"), (TaxCategory::Standard, 10_000, 2_000));
    }

    #[test]
    fn who_charges_no_tax_says_why() {
        let price = Money::minor(30_000, Gbp);
        let line = TaxLine::on(price, None, None).expect("fits");
        assert_eq!((line.category, line.base, line.amount.amount_minor), (TaxCategory::Exempt, price, 0));
        assert!(line.reason.is_some());
    }

    #[test]
    fn the_rule_of_the_day_is_the_latest_that_began() {
        let later =
            TaxRule { since: "2028-01-01".parse().expect("a date"), ..standard(2_100, PriceKind::Net) };
        let rules = [standard(2_000, PriceKind::Net), later];
        let rate = |on: &str| match TaxRule::on(&rules, on.parse().expect("a date")).map(|it| &it.treatment) {
            Some(Treatment::Standard { rate_basis_points, .. }) => *rate_basis_points,
            _ => 0,
        };
        assert_eq!((rate("2025-12-31"), rate("2027-12-31"), rate("2028-01-01")), (0, 2_000, 2_100));
    }

    proptest! {
        #[test]
        fn a_gross_price_is_base_and_tax(minor in 0_i64..100_000_000, rate in 0_u32..10_000) {
            let price = Money::minor(minor, Eur);
            let line = TaxLine::on(price, Some(&standard(rate, PriceKind::Gross)), None).expect("fits");
            prop_assert_eq!(line.base.plus(line.amount), Ok(price));
            // The tax within is the rate of the base, to the unit.
            let on_top = line.base.part(rate.into(), BASIS_POINTS).expect("fits");
            prop_assert!((on_top.amount_minor - line.amount.amount_minor).abs() <= 1);
        }
    }
}
