//! The number of a bank account within SEPA, held to its form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An account within SEPA, in capitals without spaces. It does not print: whoever knows it can debit it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Iban(String);

/// The text is no IBAN of a SEPA country: it is not said again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected an IBAN of a SEPA country, with its check digits")]
pub struct InvalidIban;

/// Countries of the scheme, and how long their IBANs are. Source: the IBAN registry, and the European
/// Payments Council's list of SEPA countries.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AL", 28),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GI", 23),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("RS", 22),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("VA", 22),
];

impl Iban {
    /// The number itself, for the file that debits it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Iban {
    type Err = InvalidIban;

    /// Reads it as people write it: in groups, in any case.
    fn from_str(text: &str) -> Result<Self, InvalidIban> {
        let iban: String =
            text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).take(40).collect();
        let country = iban.get(..2).ok_or(InvalidIban)?;
        let (_, length) = LENGTHS.iter().find(|(known, _)| *known == country).ok_or(InvalidIban)?;
        let formed = iban.len() == *length
            && iban.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && iban.bytes().skip(2).take(2).all(|b| b.is_ascii_digit());
        if formed && remainder(&iban) == Some(1) { Ok(Self(iban)) } else { Err(InvalidIban) }
    }
}

/// The country and check digits moved behind, letters as 10 to 35, modulo 97 (ISO 13616).
fn remainder(iban: &str) -> Option<u32> {
    let (first, rest) = iban.split_at_checked(4)?;
    rest.chars().chain(first.chars()).try_fold(0, |sum, c| {
        let value = c.to_digit(36)?;
        Some((sum * if value < 10 { 10 } else { 100 } + value) % 97)
    })
}

impl TryFrom<String> for Iban {
    type Error = InvalidIban;

    fn try_from(text: String) -> Result<Self, InvalidIban> {
        text.parse()
    }
}

impl From<Iban> for String {
    fn from(iban: Iban) -> Self {
        iban.0
    }
}

impl fmt::Debug for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iban(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iban_is_held_to_its_country_length_and_check_digits() {
        let check = |text: &str, good: bool| assert_eq!(text.parse::<Iban>().is_ok(), good, "{text}");
        // Examples of the IBAN registry.
        check("AD1200012030200359100100", true);
        check("BE68539007547034", true);
        check("DE89 3704 0044 0532 0130 00", true);
        check("de89370400440532013000", true);
        check("FR1420041010050500013M02606", true);
        check("GB29NWBK60161331926819", true);
        check("MT84MALT011000012345MTLCAST001S", true);
        check("NL91ABNA0417164300", true);
        check("NO9386011117947", true);
        // A digit changed, two swapped, one missing, one more, a letter for a digit, no such country.
        check("DE89370400440532013001", false);
        check("DE98370400440532013000", false);
        check("DE8937040044053201300", false);
        check("DE893704004405320130000", false);
        check("DE8937040044053201300O", false);
        check("XX89370400440532013000", false);
        check("DEé9370400440532013000", false);
        check("", false);
        check(&"DE89".repeat(100), false);
    }

    /// What the check digits promise: any one digit changed, or two neighbors swapped, shows.
    #[test]
    fn every_slip_of_one_digit_shows() {
        let good = "DE89370400440532013000";
        for at in 4..good.len() {
            for digit in b'0'..=b'9' {
                let mut bytes = good.as_bytes().to_vec();
                let before = std::mem::replace(&mut bytes[at], digit);
                let text = String::from_utf8(bytes).expect("ASCII");
                assert_eq!(text.parse::<Iban>().is_ok(), before == digit, "{text}");
            }
        }
    }

    #[test]
    fn an_iban_is_kept_without_spaces_and_does_not_print() {
        let iban: Iban = "DE89 3704 0044 0532 0130 00".parse().expect("an IBAN");
        assert_eq!(iban.expose(), "DE89370400440532013000");
        assert_eq!(format!("{iban:?}"), "Iban(..)");
    }

    #[test]
    fn countries_are_listed_once_and_in_order() {
        assert!(LENGTHS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
