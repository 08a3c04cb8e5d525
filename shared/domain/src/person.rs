//! People: an account each, made at first sign-in, and the grants that give them roles.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::{DegreeId, GrantId, PersonId};
use crate::permission::{Relation, Role, Subject};
use crate::time::Zone;

/// Someone with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Derived from issuer and subject, so the first sign-in on two machines makes one person.
    pub id: PersonId,
    /// As it stands on invoices and certificates; empty until the person gave it.
    pub name: Option<String>,
    /// Where invoices go.
    pub address: Option<Address>,
    /// The zone in which the person reads times.
    pub time_zone: Zone,
    /// BCP 47 codes, best first.
    pub languages: Vec<String>,
    /// Where letters go: the address that the issuer has verified, if it told one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Street and number, one to four lines.
    pub lines: Vec<String>,
    /// Town.
    pub city: String,
    /// As the country writes it; empty where there is none.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// The most characters in a line that a person writes about themselves.
pub const LINE_CHARS_MAX: usize = 200;
/// The most lines in an address.
pub const ADDRESS_LINES_MAX: usize = 4;
/// The most languages a person lists.
pub const LANGUAGES_MAX: usize = 8;

/// Why a profile cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// A line is empty, too long, or has control characters.
    #[error("expected 1 to {LINE_CHARS_MAX} characters without control characters")]
    Line {
        /// JSON pointer to the field.
        pointer: String,
    },
    /// Too few or too many entries.
    #[error("expected {expected}")]
    Count {
        /// JSON pointer to the field.
        pointer: &'static str,
        /// How many there may be.
        expected: &'static str,
    },
    /// Not two capital letters.
    #[error("expected an ISO 3166-1 country code such as GB")]
    Country,
}

impl ProfileError {
    /// JSON pointer to the field at fault.
    pub fn pointer(&self) -> &str {
        match self {
            Self::Line { pointer } => pointer,
            Self::Count { pointer, .. } => pointer,
            Self::Country => "/address/country",
        }
    }
}

impl Person {
    /// The person who signs in for the first time, known by nothing but the token.
    pub fn first_seen(issuer: &str, subject: &str) -> Self {
        Self {
            id: Self::id_of(issuer, subject),
            name: None,
            address: None,
            time_zone: Zone::utc(),
            languages: Vec::new(),
            email: None,
        }
    }

    /// The id of whoever an issuer calls by this subject.
    pub fn id_of(issuer: &str, subject: &str) -> PersonId {
        PersonId::derived(&[issuer, subject])
    }

    /// Name and address, once both are there: what an invoice needs.
    pub fn invoice_address(&self) -> Option<(&str, &Address)> {
        self.name.as_deref().zip(self.address.as_ref())
    }

    /// The profile as the person wrote it, if it can be kept.
    pub fn check(&self) -> Result<(), ProfileError> {
        if let Some(name) = &self.name {
            check_line(name, || "/name".into())?;
        }
        if self.languages.len() > LANGUAGES_MAX {
            return Err(ProfileError::Count { pointer: "/languages", expected: "at most 8 languages" });
        }
        for (index, language) in self.languages.iter().enumerate() {
            check_line(language, || format!("/languages/{index}"))?;
        }
        self.address.as_ref().map_or(Ok(()), Address::check)
    }
}

impl Address {
    /// The address as it is written on a letter, line by line.
    pub fn written(&self) -> Vec<String> {
        let town = match self.country.as_str() {
            "GB" | "IE" | "US" | "CA" | "AU" => format!("{} {}", self.city, self.postal_code),
            _ => format!("{} {}", self.postal_code, self.city),
        };
        let town = town.trim().to_owned();
        self.lines.iter().cloned().chain([town, self.country.clone()]).collect()
    }

    fn check(&self) -> Result<(), ProfileError> {
        if self.lines.is_empty() || self.lines.len() > ADDRESS_LINES_MAX {
            return Err(ProfileError::Count { pointer: "/address/lines", expected: "1 to 4 lines" });
        }
        for (index, line) in self.lines.iter().enumerate() {
            check_line(line, || format!("/address/lines/{index}"))?;
        }
        check_line(&self.city, || "/address/city".into())?;
        if !self.postal_code.is_empty() {
            check_line(&self.postal_code, || "/address/postal_code".into())?;
        }
        let country = self.country.len() == 2 && self.country.bytes().all(|b| b.is_ascii_uppercase());
        if country { Ok(()) } else { Err(ProfileError::Country) }
    }
}

fn check_line(text: &str, pointer: impl FnOnce() -> String) -> Result<(), ProfileError> {
    let count = text.chars().count();
    if text.trim().is_empty() || count > LINE_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(ProfileError::Line { pointer: pointer() });
    }
    Ok(())
}

impl Subject for Person {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.id { vec![Relation::Owner] } else { Vec::new() }
    }
}

/// Where a grant counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "of")]
pub enum Scope {
    /// In the whole school.
    Everywhere,
    /// For one degree, in all its markets.
    Degree(DegreeId),
}

/// A role given to a person, by whom, until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Derived from person, role and scope: a role is given once.
    pub id: GrantId,
    /// Who has it.
    pub person: PersonId,
    /// What they may act as.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// The first instant at which it no longer counts.
    pub until: Option<Timestamp>,
    /// Who gave it; nobody for the first one of an empty school.
    pub granted_by: Option<PersonId>,
    /// When.
    pub granted_at: Timestamp,
}

impl Grant {
    /// A role given to a person at `now`; the same role in the same place is the same grant.
    pub fn new(
        person: PersonId,
        role: Role,
        scope: Scope,
        until: Option<Timestamp>,
        granted_by: Option<PersonId>,
        now: Timestamp,
    ) -> Self {
        let place = match &scope {
            Scope::Everywhere => String::new(),
            Scope::Degree(degree) => degree.to_string(),
        };
        let id = GrantId::derived(&[&person.to_string(), role.word(), &place]);
        Self { id, person, role, scope, until, granted_by, granted_at: now }
    }

    /// Whether it lets its person act in one of these roles on something in that scope.
    pub fn allows(&self, roles: &[Role], subject: &Scope, now: Timestamp) -> bool {
        let covers = self.scope == Scope::Everywhere || self.scope == *subject;
        covers && self.counts_as(roles, now)
    }

    /// Whether it makes its person one of these, wherever that counts.
    pub fn counts_as(&self, roles: &[Role], now: Timestamp) -> bool {
        roles.contains(&self.role) && self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maya() -> Person {
        Person {
            name: Some("Maya Lind".into()),
            address: Some(Address {
                lines: vec!["1 High Street".into()],
                city: "London".into(),
                postal_code: "N1 1AA".into(),
                country: "GB".into(),
            }),
            ..Person::first_seen("https://issuer.example", "maya")
        }
    }

    #[test]
    fn one_sign_in_makes_one_person() {
        assert_eq!(Person::id_of("https://a.example", "1"), Person::id_of("https://a.example", "1"));
        assert_ne!(Person::id_of("https://a.example", "1"), Person::id_of("https://b.example", "1"));
    }

    #[test]
    fn an_invoice_needs_a_name_and_an_address() {
        assert!(maya().invoice_address().is_some());
        assert!(Person { address: None, ..maya() }.invoice_address().is_none());
    }

    #[test]
    fn a_profile_names_the_field_at_fault() {
        let check = |pointer: &str, change: fn(&mut Person)| {
            let mut person = maya();
            change(&mut person);
            assert_eq!(person.check().map_err(|error| error.pointer().to_owned()), Err(pointer.to_owned()));
        };
        check("/name", |person| person.name = Some(" ".into()));
        check("/name", |person| person.name = Some("a\u{0}b".into()));
        check("/address/lines", |person| person.address.as_mut().expect("set").lines.clear());
        check("/address/country", |person| person.address.as_mut().expect("set").country = "gb".into());
        check("/languages", |person| person.languages = vec!["en".into(); 9]);
        assert_eq!(maya().check(), Ok(()));
    }
}
