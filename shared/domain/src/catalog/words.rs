//! The catalog's small words: countries, languages, texts in several languages, and validity.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The text is not a word of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidWord {
    /// Not an assigned code.
    #[error("expected the two capital letters of a country in ISO 3166-1, such as GB")]
    Country,
    /// Not the shape of a language tag.
    #[error("expected a BCP 47 language tag, such as en or pt-BR")]
    Language,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident if $valid:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The code as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidWord;

            fn from_str(text: &str) -> Result<Self, InvalidWord> {
                if $valid(text) { Ok(Self(text.to_owned())) } else { Err(InvalidWord::$name) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidWord;

            fn try_from(text: String) -> Result<Self, InvalidWord> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }
    )*};
}

words! {
    /// A country by its ISO 3166-1 alpha-2 code, such as `GB`.
    Country if is_country;
    /// A language by its BCP 47 tag, such as `en`.
    Language if is_language;
}

/// The officially assigned alpha-2 codes of ISO 3166-1, in alphabetical order.
const COUNTRIES: &str = "\
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY \
BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK \
FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK \
ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF \
TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

fn is_country(text: &str) -> bool {
    text.len() == 2 && COUNTRIES.split(' ').any(|code| code == text)
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_lowercase())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// One text in the languages it was written in: `{en: Skills, fr: Compétences}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(pub BTreeMap<Language, String>);

impl Text {
    /// The text in a language; none if it is absent or blank.
    pub fn in_language(&self, language: &Language) -> Option<&str> {
        self.0.get(language).map(String::as_str).filter(|text| !text.trim().is_empty())
    }
}

/// The dates on which something holds: from one date until another, or without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// The first date.
    pub from: Date,
    /// The first date on which it no longer holds.
    pub until: Option<Date>,
}

impl Validity {
    /// Whether it holds on a date.
    pub fn covers(&self, date: Date) -> bool {
        self.from <= date && self.until.is_none_or(|until| date < until)
    }

    /// Whether it holds on no date at all.
    pub fn is_empty(&self) -> bool {
        self.until.is_some_and(|until| until <= self.from)
    }

    /// Whether both hold on some date.
    pub fn overlaps(&self, other: &Self) -> bool {
        let later = self.from.max(other.from);
        self.covers(later) && other.covers(later)
    }
}

/// `2026-01-01 until 2027-01-01`, or `from 2026-01-01`.
impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.until {
            Some(until) => write!(f, "{} until {until}", self.from),
            None => write!(f, "from {}", self.from),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_country_is_an_assigned_code() {
        assert_eq!(COUNTRIES.split(' ').count(), 249);
        assert!("GB".parse::<Country>().is_ok());
        for text in ["UK", "gb", "", "GBR", "G B", "D ", "ZZ"] {
            assert_eq!(text.parse::<Country>(), Err(InvalidWord::Country), "{text}");
        }
    }

    #[test]
    fn a_language_is_a_tag() {
        for text in ["en", "fr", "pt-BR", "zh-Hant"] {
            assert!(text.parse::<Language>().is_ok(), "{text}");
        }
        for text in ["", "e", "EN", "english", "en-", "en_GB", "fr FR"] {
            assert_eq!(text.parse::<Language>(), Err(InvalidWord::Language), "{text}");
        }
    }

    #[test]
    fn a_blank_text_is_no_text() {
        let en: Language = "en".parse().expect("a language");
        assert_eq!(Text(BTreeMap::from([(en.clone(), " ".into())])).in_language(&en), None);
    }

    fn validity() -> impl Strategy<Value = Validity> {
        (0_i64..100, prop::option::of(0_i64..100))
            .prop_map(|(from, until)| Validity { from: day(from), until: until.map(day) })
    }

    fn day(n: i64) -> Date {
        date(2026, 1, 1).saturating_add(n.days())
    }

    proptest! {
        #[test]
        fn two_overlap_when_some_date_lies_in_both(a in validity(), b in validity()) {
            let common = (0..=100).map(day).any(|date| a.covers(date) && b.covers(date));
            prop_assert_eq!(a.overlaps(&b), common);
            prop_assert_eq!(b.overlaps(&a), common);
        }

        #[test]
        fn an_empty_validity_covers_nothing(a in validity()) {
            prop_assert_eq!(a.is_empty(), !(0..=100).map(day).any(|date| a.covers(date)));
        }
    }
}
