//! Amounts, dates and rates as people of a language write them, from the usual forms of Unicode's CLDR.

use domain::money::Money;
use jiff::civil::{Date, Time};

use super::{Language, Worded};

const NARROW_SPACE: char = '\u{202f}';
const HARD_SPACE: char = '\u{a0}';
const MINUS: char = '\u{2212}';

/// `GBP 3,600.00`, `3 600,00 GBP` or `3600,00 GBP`, with the currency's own digits; never broken over lines.
pub(crate) fn amount(money: Money, language: Language) -> String {
    let digits = money.currency.minor_digits();
    let scale = 10_u64.pow(digits);
    let minor = money.amount_minor.unsigned_abs();
    let sign = if money.amount_minor < 0 { String::from(MINUS) } else { String::new() };
    let fraction = match digits {
        0 => String::new(),
        _ => format!("{}{:0width$}", decimal_mark(language), minor % scale, width = digits as usize),
    };
    let number = format!("{sign}{}{fraction}", grouped(minor / scale, language));
    match language {
        Language::En => format!("{}{HARD_SPACE}{number}", money.currency),
        Language::Fr | Language::Es => format!("{number}{HARD_SPACE}{}", money.currency),
    }
}

/// `1 March 2027`, `1er mars 2027` or `1 de marzo de 2027`; never broken over lines.
pub(crate) fn date(date: Date, language: Language) -> String {
    let words = language.words();
    let day = match date.day() {
        1 => words.first.into(),
        day => day.to_string(),
    };
    let month = words.months[usize::from(date.month().unsigned_abs()) - 1];
    [day, month.into(), date.year().to_string()].join(words.date_joint)
}

/// `Tuesday 9 March 2027`, `mardi 9 mars 2027` or `martes, 9 de marzo de 2027`.
pub(crate) fn weekday_and_date(on: Date, language: Language) -> String {
    let index = usize::from(on.weekday().to_monday_zero_offset().unsigned_abs());
    let weekday = language.words().weekdays[index];
    let joint = match language {
        Language::En | Language::Fr => " ",
        Language::Es => ", ",
    };
    format!("{weekday}{joint}{}", date(on, language))
}

/// `18:00` or `18 h 00`; never broken over lines.
pub(crate) fn time(at: Time, language: Language) -> String {
    match language {
        Language::En | Language::Es => format!("{:02}:{:02}", at.hour(), at.minute()),
        Language::Fr => format!("{}{HARD_SPACE}h{HARD_SPACE}{:02}", at.hour(), at.minute()),
    }
}

/// From the first day to the last, of a period given by the day after its last.
pub(super) fn period((first, after): (Date, Date), language: Language) -> String {
    let last = after.yesterday().map_or(first, |last| last.max(first));
    let [from, to] = language.words().span;
    format!("{from}{}{to}{}", date(first, language), date(last, language))
}

/// `20%`, `5.5%`, or `5,5 %` with the space of French and Spanish.
pub(super) fn percent(basis_points: u32, language: Language) -> String {
    let mut number = format!("{}{}{:02}", basis_points / 100, decimal_mark(language), basis_points % 100);
    number.truncate(number.trim_end_matches('0').trim_end_matches(decimal_mark(language)).len());
    match language {
        Language::En => format!("{number}%"),
        Language::Fr => format!("{number}{NARROW_SPACE}%"),
        Language::Es => format!("{number}{HARD_SPACE}%"),
    }
}

const fn decimal_mark(language: Language) -> char {
    match language {
        Language::En => '.',
        Language::Fr | Language::Es => ',',
    }
}

/// A whole number with a mark between thousands; Spanish leaves four digits together.
fn grouped(whole: u64, language: Language) -> String {
    let digits = whole.to_string();
    let (mark, digits_min) = match language {
        Language::En => (',', 4),
        Language::Fr => (NARROW_SPACE, 4),
        Language::Es => ('.', 5),
    };
    if digits.len() < digits_min {
        return digits;
    }
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;
    use jiff::civil::date as day;

    use super::*;

    #[test]
    fn an_amount_reads_as_people_write_it() {
        let check = |minor, currency, texts: [&str; 3]| {
            let money = Money::minor(minor, currency);
            assert_eq!(Language::ALL.map(|language| amount(money, language)), texts.map(String::from));
        };
        check(30_000, Currency::Gbp, ["GBP\u{a0}300.00", "300,00\u{a0}GBP", "300,00\u{a0}GBP"]);
        check(360_000, Currency::Gbp, ["GBP\u{a0}3,600.00", "3\u{202f}600,00\u{a0}GBP", "3600,00\u{a0}GBP"]);
        check(58_000, Currency::Jpy, ["JPY\u{a0}58,000", "58\u{202f}000\u{a0}JPY", "58.000\u{a0}JPY"]);
        check(115_500, Currency::Kwd, ["KWD\u{a0}115.500", "115,500\u{a0}KWD", "115,500\u{a0}KWD"]);
        check(-5, Currency::Eur, ["EUR\u{a0}−0.05", "−0,05\u{a0}EUR", "−0,05\u{a0}EUR"]);
        check(0, Currency::Xaf, ["XAF\u{a0}0", "0\u{a0}XAF", "0\u{a0}XAF"]);
    }

    #[test]
    fn a_period_ends_on_its_last_day() {
        let march = (day(2027, 3, 1), day(2027, 4, 1));
        let check = |language, text: &str| assert_eq!(period(march, language).replace('\u{a0}', " "), text);
        check(Language::En, "1 March 2027 to 31 March 2027");
        check(Language::Fr, "du 1er mars 2027 au 31 mars 2027");
        check(Language::Es, "del 1 de marzo de 2027 al 31 de marzo de 2027");
    }

    #[test]
    fn a_day_and_a_time_read_as_people_write_them() {
        let texts = Language::ALL.map(|language| {
            let (on, at) =
                (weekday_and_date(day(2027, 3, 9), language), time(jiff::civil::time(9, 5, 0, 0), language));
            format!("{on}, {at}").replace('\u{a0}', " ")
        });
        let expected =
            ["Tuesday 9 March 2027, 09:05", "mardi 9 mars 2027, 9 h 05", "martes, 9 de marzo de 2027, 09:05"];
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_rate_has_no_needless_zeros() {
        let check = |points, texts: [&str; 3]| {
            assert_eq!(Language::ALL.map(|language| percent(points, language)), texts.map(String::from));
        };
        check(2_000, ["20%", "20\u{202f}%", "20\u{a0}%"]);
        check(550, ["5.5%", "5,5\u{202f}%", "5,5\u{a0}%"]);
        check(5, ["0.05%", "0,05\u{202f}%", "0,05\u{a0}%"]);
        check(0, ["0%", "0\u{202f}%", "0\u{a0}%"]);
    }
}
