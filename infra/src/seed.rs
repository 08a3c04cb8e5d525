//! What a local stack begins with: the sample catalog, and people with accounts and roles.

use domain::availability::{Availability, Experience, Spoken, Weekday, Window};
use domain::id::PersonId;
use domain::permission::Role;
use domain::person::{Grant, Scope};
use jiff::Timestamp;
use serde::Serialize;
use storage::catalog::LoadRefused;
use storage::{Item, Refused, Store};

use crate::catalog;
use crate::issuer::ISSUER;
use crate::local_store::StartError;
use crate::sample::{self, SamplePerson};

/// A sample person as the local tools show them.
#[derive(Debug, Clone, Serialize)]
pub struct Known {
    /// What the school knows them by.
    pub id: PersonId,
    /// How they sign in.
    pub email: String,
    /// As it stands on invoices and certificates.
    pub name: String,
    /// What grants make of them.
    pub roles: Vec<Role>,
}

/// Loads a catalog's editions; versions that are there already are left as they are.
pub async fn load_catalog(store: &Store, catalog: &domain::catalog::Catalog) -> Result<usize, StartError> {
    let prospectuses = catalog.editions.iter().filter_map(|edition| catalog.prospectus(edition));
    let mut loaded = 0;
    for prospectus in prospectuses {
        match store.load_edition(&prospectus).await {
            Ok(()) => loaded += 1,
            Err(LoadRefused::Store(error)) => return Err(error.into()),
            Err(refused) => return Err(StartError::Catalog(refused.to_string())),
        }
    }
    Ok(loaded)
}

/// The catalog that is part of the program.
pub async fn load_sample_catalog(store: &Store) -> Result<usize, StartError> {
    let catalog = catalog::sample().map_err(|refused| StartError::Catalog(refused.to_string()))?;
    load_catalog(store, &catalog).await
}

/// Gives a role to whoever signs in with a mail address at the local issuer: how an empty school
/// gets its first staff.
pub async fn first_grant(
    store: &Store,
    email: &str,
    role: Role,
    now: Timestamp,
) -> Result<PersonId, StartError> {
    let person = domain::person::Person::first_seen(ISSUER, email);
    let id = person.id;
    if store.person(id).await?.is_none() {
        committed(store.keep_person(&Item::new(person), ()).commit().await)?;
    }
    let grant = Grant::new(id, role, Scope::Everywhere, None, None, now);
    let grant = store.grant_or(grant).await?;
    match store.keep_grant(&grant).commit().await {
        Err(Refused::Store(error)) => Err(error.into()),
        _ => Ok(id),
    }
}

/// What another process wrote at the same moment is as good.
fn committed(result: Result<(), Refused<()>>) -> Result<(), StartError> {
    match result {
        Err(Refused::Store(error)) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Gives the sample people accounts, roles and hours to meet in, where they have none yet.
pub async fn settle_people(store: &Store, now: Timestamp) -> Result<Vec<Known>, StartError> {
    let people = sample::people().map_err(|fault| StartError::Catalog(fault.to_string()))?;
    let mut known = Vec::with_capacity(people.len());
    for person in people {
        known.push(settle(store, person, now).await?);
    }
    Ok(known)
}

async fn settle(store: &Store, sample: SamplePerson, now: Timestamp) -> Result<Known, StartError> {
    let person = sample.person(ISSUER);
    let id = person.id;
    if store.person(id).await?.is_none() {
        let mut transaction = store.keep_person(&Item::new(person), ());
        for role in &sample.roles {
            let grant = Grant::new(id, *role, Scope::Everywhere, None, None, now);
            transaction = transaction.create(&grant, ());
        }
        if sample.roles.iter().any(|role| matches!(role, Role::Mentor | Role::Juror | Role::Coach)) {
            transaction = transaction.create(&hours(&sample, id), ());
        }
        committed(transaction.commit().await)?;
    }
    Ok(Known { id, email: sample.email, name: sample.name, roles: sample.roles })
}

/// Every day from early to late: sample people are easy to meet.
fn hours(sample: &SamplePerson, person: PersonId) -> Availability {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    let window = |weekday| {
        let (from, to) = ("06:00".to_owned().try_into().ok()?, "24:00".to_owned().try_into().ok()?);
        Some(Window { weekday, from, to })
    };
    let weekly = [Mon, Tue, Wed, Thu, Fri, Sat, Sun].into_iter().filter_map(window).collect();
    let undeclared = Availability::undeclared(person);
    Availability {
        time_zone: sample.time_zone.clone(),
        weekly,
        seats: 20,
        experience: Experience::Confirmed,
        fields: sample.fields.clone(),
        languages: sample.languages.iter().map(Spoken::well).collect(),
        ..undeclared
    }
}
