//! Amounts as Stripe wants them.

use domain::money::{Currency, Money};
use thiserror::Error;

/// What Stripe takes at most: eight digits of the smallest unit.
const AMOUNT_MAX: i64 = 99_999_999;

/// An amount in Stripe's units, and its currency in Stripe's letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Minor {
    pub amount: i64,
    pub currency: &'static str,
}

/// Why an amount cannot be taken from a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotChargeable {
    /// Nobody is charged nothing, or less.
    #[error("amount_not_positive")]
    NotPositive,
    /// More than Stripe takes at once.
    #[error("amount_too_large")]
    TooLarge,
    /// A currency with three digits behind the point, and the last one is not 0.
    #[error("amount_not_in_tens")]
    NotInTens,
}

/// An amount in Stripe's units: the currency's smallest, as ISO 4217 has it.
///
/// KWD and TND are counted in thousandths and must end in 0. We do not round: the invoice says what
/// is owed. Source: <https://docs.stripe.com/currencies>.
pub(super) fn minor(money: Money) -> Result<Minor, NotChargeable> {
    let amount = money.amount_minor;
    if amount <= 0 {
        return Err(NotChargeable::NotPositive);
    }
    if amount > AMOUNT_MAX {
        return Err(NotChargeable::TooLarge);
    }
    if money.currency.minor_digits() == 3 && amount % 10 != 0 {
        return Err(NotChargeable::NotInTens);
    }
    Ok(Minor { amount, currency: letters(money.currency) })
}

const fn letters(currency: Currency) -> &'static str {
    match currency {
        Currency::Eur => "eur",
        Currency::Gbp => "gbp",
        Currency::Jpy => "jpy",
        Currency::Kwd => "kwd",
        Currency::Tnd => "tnd",
        Currency::Usd => "usd",
        Currency::Xaf => "xaf",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_sent_in_the_currencys_smallest_unit() {
        let check = |amount, currency, expected: Result<(i64, &'static str), NotChargeable>| {
            let expected = expected.map(|(amount, currency)| Minor { amount, currency });
            assert_eq!(minor(Money::minor(amount, currency)), expected, "{amount} {currency}");
        };
        check(30_000, Currency::Gbp, Ok((30_000, "gbp")));
        check(58_000, Currency::Jpy, Ok((58_000, "jpy")));
        check(196_000, Currency::Xaf, Ok((196_000, "xaf")));
        check(115_500, Currency::Kwd, Ok((115_500, "kwd")));
        check(115_505, Currency::Kwd, Err(NotChargeable::NotInTens));
        check(1, Currency::Tnd, Err(NotChargeable::NotInTens));
        check(0, Currency::Eur, Err(NotChargeable::NotPositive));
        check(-10, Currency::Eur, Err(NotChargeable::NotPositive));
        check(99_999_999, Currency::Usd, Ok((99_999_999, "usd")));
        check(100_000_000, Currency::Usd, Err(NotChargeable::TooLarge));
    }
}
