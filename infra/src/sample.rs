//! People to try the school with: the students of the scenarios and those who look after them.

use domain::permission::Role;
use domain::person::{Address, Person, ProfileError};
use domain::time::Zone;
use serde::Deserialize;
use thiserror::Error;

use crate::yaml::{self, Fault, File, Unreadable};

const PEOPLE: &str = include_str!("../sample/people.yaml");

/// Someone invented.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplePerson {
    /// How they sign in: the subject that the local issuer calls them by.
    pub email: String,
    /// As it stands on invoices and certificates.
    pub name: String,
    /// Where invoices go.
    pub address: Address,
    /// The zone in which they read times.
    pub time_zone: Zone,
    /// BCP 47 codes, best first.
    pub languages: Vec<String>,
    /// What grants make of them; students need none.
    pub roles: Vec<Role>,
    /// What mentors work in.
    #[serde(default)]
    pub fields: Vec<String>,
}

/// What is wrong with the sample.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Cause {
    /// It is not the YAML that is expected.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The profile would not be kept.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Someone else signs in with this address.
    #[error("{email} is there already")]
    SignsInTwice {
        /// The address.
        email: String,
    },
}

impl SamplePerson {
    /// The person whom an issuer calls by this address.
    pub fn person(&self, issuer: &str) -> Person {
        Person {
            name: Some(self.name.clone()),
            address: Some(self.address.clone()),
            time_zone: self.time_zone.clone(),
            languages: self.languages.clone(),
            email: Some(self.email.clone()),
            ..Person::first_seen(issuer, &self.email)
        }
    }
}

/// The sample people, students first.
pub fn people() -> Result<Vec<SamplePerson>, Fault<Cause>> {
    read(&File { name: "sample/people.yaml".into(), text: PEOPLE.into() })
}

fn read(file: &File) -> Result<Vec<SamplePerson>, Fault<Cause>> {
    let (people, places) = yaml::read::<Vec<SamplePerson>>(file).map_err(Fault::among)?;
    for (index, person) in people.iter().enumerate() {
        let refused = |pointer: &str, cause| places.fault(&file.name, &format!("/{index}{pointer}"), cause);
        if people[..index].iter().any(|earlier| earlier.email == person.email) {
            return Err(refused("/email", Cause::SignsInTwice { email: person.email.clone() }));
        }
        let kept = person.person("").check();
        kept.map_err(|error| refused(error.pointer(), Cause::Profile(error.clone())))?;
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emails(role: Option<Role>) -> Vec<String> {
        let people = people().expect("the sample is right");
        let has =
            |person: &SamplePerson| role.map_or(person.roles.is_empty(), |it| person.roles.contains(&it));
        let names = people.into_iter().filter(has);
        names.map(|person| person.email.trim_end_matches("@example.org").to_owned()).collect()
    }

    #[test]
    fn everyone_of_the_scenarios_is_there() {
        assert_eq!(emails(None), ["maya", "tom", "ana", "noor"]);
        assert_eq!(emails(Some(Role::Mentor)), ["ines", "marc", "olu"]);
        assert_eq!(emails(Some(Role::Juror)), ["marc", "olu"]);
        for role in [Role::Coach, Role::Staff, Role::Finance, Role::Assessor] {
            assert_eq!(emails(Some(role)).len(), 1, "{role:?}");
        }
    }

    #[test]
    fn a_profile_that_would_not_be_kept_is_named_by_its_line() {
        let check = |from: &str, to: &str, expected: &str| {
            let file = File { name: "people.yaml".into(), text: PEOPLE.replacen(from, to, 1) };
            assert_eq!(read(&file).expect_err(to).to_string(), expected);
        };
        check(
            "country: GB",
            "country: gb",
            "people.yaml:5: /0/address/country: expected an ISO 3166-1 country code such as GB",
        );
        check("tom@", "maya@", "people.yaml:10: /1/email: maya@example.org is there already");
        check(
            "Europe/London",
            "Europe/Londres",
            "people.yaml:6: /0/time_zone: expected the name of an IANA time zone, such as Europe/London",
        );
    }
}
