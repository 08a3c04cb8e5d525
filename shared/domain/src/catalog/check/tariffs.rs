//! What every tariff keeps to: an amount for each level, in the currency of who pays.

use super::lists::{line, out_of_range, unique};
use super::{Faults, Reason, versioned};
use crate::catalog::{Catalog, Level, Tariff};
use crate::invoice::LegalEntity;
use crate::money::Money;

pub(super) fn check(catalog: &Catalog, faults: &mut Faults) {
    let tariffs = &catalog.tariffs;
    unique(faults, "/tariffs", tariffs.iter().map(|tariff| versioned(&tariff.market, tariff.version)));
    for (index, tariff) in tariffs.iter().enumerate() {
        check_tariff(tariff, &tariffs[..index], &format!("/tariffs/{index}"), faults);
    }
}

fn check_tariff(tariff: &Tariff, earlier: &[Tariff], path: &str, faults: &mut Faults) {
    line(faults, format!("{path}/source"), &tariff.source);
    faults.add_unless(tariff.version > 0, format!("{path}/version"), || out_of_range("1 or more"));
    faults.add_unless(tariff.session_minutes > 0, format!("{path}/session_minutes"), || {
        out_of_range("1 or more")
    });
    for (name, share) in
        [("no_show_share", tariff.no_show_share), ("late_cancel_share", tariff.late_cancel_share)]
    {
        faults.add_unless(share.is_part(), format!("{path}/{name}"), || out_of_range("a part of a whole"));
    }
    // What a line names by its version has to be found by its date too.
    for first in earlier.iter().filter(|first| first.market == tariff.market) {
        let in_order = (first.version < tariff.version) == (first.since < tariff.since);
        faults.add_unless(in_order && first.since != tariff.since, format!("{path}/since"), || {
            out_of_range(format!(
                "dates in the order of versions; version {} is {}",
                first.version, first.since
            ))
        });
    }
    let levels = format!("{path}/levels");
    unique(faults, &levels, tariff.levels.iter().map(|amounts| amounts.level.to_string()));
    for level in Level::ALL {
        faults.add_unless(tariff.level(level).is_some(), &levels, || {
            out_of_range(format!("an entry for each level, also {level}"))
        });
    }
    let Some(issuer) = LegalEntity::of_market(tariff.market.as_str()) else {
        return faults.add(format!("{path}/market"), Reason::NoPayer);
    };
    for (index, amounts) in tariff.levels.iter().enumerate() {
        for (name, amount) in [("session", amounts.session), ("defense", amounts.defense)] {
            check_amount(amount, &issuer, &format!("{levels}/{index}/{name}"), faults);
        }
    }
}

fn check_amount(amount: Money, issuer: &LegalEntity, path: &str, faults: &mut Faults) {
    faults.add_unless(amount.amount_minor >= 0, format!("{path}/amount_minor"), || out_of_range("0 or more"));
    let expected = issuer.currency;
    faults.add_unless(amount.currency == expected, path, || Reason::OtherCurrency { expected });
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::catalog::check::CatalogError;
    use crate::catalog::fixture::{catalog, word};
    use crate::money::Currency;
    use crate::statement::example::{raised, tariff};

    fn check(change: impl FnOnce(&mut Vec<Tariff>), expected: &[(&str, &str)]) {
        let mut catalog = catalog();
        catalog.tariffs = vec![tariff(), raised(date(2027, 4, 1))];
        change(&mut catalog.tariffs);
        let told = |CatalogError { path, reason }| (path, reason.to_string());
        let found = Vec::from_iter(catalog.check().into_iter().map(told));
        let expected = expected.iter().map(|&(path, reason)| (path.to_owned(), reason.to_owned()));
        assert_eq!(found, Vec::from_iter(expected));
    }

    #[test]
    fn a_tariff_that_cannot_pay_is_refused() {
        check(|_| {}, &[]);
        check(|tariffs| tariffs.clear(), &[]);
        check(
            |tariffs| tariffs[0].session_minutes = 0,
            &[("/tariffs/0/session_minutes", "expected 1 or more")],
        );
        check(
            |tariffs| tariffs[0].no_show_share.numerator = 3,
            &[("/tariffs/0/no_show_share", "expected a part of a whole")],
        );
        check(
            |tariffs| tariffs[1].late_cancel_share.denominator = 0,
            &[("/tariffs/1/late_cancel_share", "expected a part of a whole")],
        );
        check(
            |tariffs| _ = tariffs[0].levels.pop(),
            &[("/tariffs/0/levels", "expected an entry for each level, also 3")],
        );
        check(
            |tariffs| tariffs[0].levels[0].session = Money::minor(1, Currency::Gbp),
            &[("/tariffs/0/levels/0/session", "invoices of this market are in EUR")],
        );
        check(
            |tariffs| tariffs[0].levels[2].defense.amount_minor = -1,
            &[("/tariffs/0/levels/2/defense/amount_minor", "expected 0 or more")],
        );
    }

    #[test]
    fn two_tariffs_never_pay_one_date() {
        let order = "expected dates in the order of versions; version 1 is 2026-01-01";
        check(|tariffs| tariffs[1].since = date(2026, 1, 1), &[("/tariffs/1/since", order)]);
        check(|tariffs| tariffs[1].since = date(2025, 1, 1), &[("/tariffs/1/since", order)]);
        check(
            |tariffs| tariffs[1].version = 1,
            &[("/tariffs/1", "FR@1 is there already, at /tariffs/0"), ("/tariffs/1/since", order)],
        );
    }

    #[test]
    fn where_no_legal_entity_is_nobody_is_paid() {
        let none = "no legal entity of the school pays in this market";
        check(|tariffs| tariffs[1].market = word("IT"), &[("/tariffs/1/market", none)]);
    }
}
