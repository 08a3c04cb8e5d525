//! Mentors' seats, and who may mentor what.

use std::collections::{BTreeMap, BTreeSet};

use domain::availability::Availability;
use domain::departure::Departure;
use domain::id::{DegreeId, PersonId};
use domain::occupancy::{Occupancy, Week};
use domain::pairing::{Candidate, Hours, PairingPolicy};
use domain::permission::Role;
use domain::person::{Grant, Scope};
use domain::seat::Seats;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Entries, Item, Stored, from_attributes, to_attributes};
use crate::key::{Key, Query};
use crate::queue;
use crate::store::{Order, Page, Store, StoreError};

impl Stored for Seats {
    const KIND: &'static str = "seats";

    fn key(&self) -> Key {
        Key::Seats(self.mentor)
    }
}

/// That a person has a role for a degree, or for all of them: how mentors and jurors are found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleHolder {
    /// Who.
    pub person: PersonId,
    /// Which role.
    pub role: Role,
    /// For which degree; none for all.
    pub degree: Option<DegreeId>,
    /// The first instant at which it no longer counts.
    pub until: Option<Timestamp>,
    shard: u16,
}

impl RoleHolder {
    /// The entry of a grant, where people are looked for by its role.
    fn of(grant: &Grant, queue: &queue::Settings) -> Option<Self> {
        let Grant { person, role, ref scope, until, .. } = *grant;
        let degree = match scope {
            Scope::Everywhere => None,
            Scope::Degree(degree) => Some(degree.clone()),
        };
        matches!(role, Role::Mentor | Role::Juror | Role::Coach).then(|| Self {
            person,
            role,
            degree,
            until,
            shard: queue.shard(person.uuid()),
        })
    }
}

impl Stored for RoleHolder {
    const KIND: &'static str = "role_holder";

    fn key(&self) -> Key {
        Key::RoleHolder(self.role, self.degree.clone(), self.shard, self.person)
    }
}

impl Stored for Grant {
    const KIND: &'static str = "grant";

    fn key(&self) -> Key {
        Key::Grant(self.person, self.id)
    }

    fn entries(&self, queue: &queue::Settings) -> Result<Entries, StoreError> {
        let holder = RoleHolder::of(self, queue).map(|holder| to_attributes(&holder, 1)).transpose()?;
        Ok(Entries { there: holder.into_iter().collect(), gone: Vec::new() })
    }
}

/// A mentor as the matching looks at them.
#[derive(Debug, Clone)]
pub struct Mentor {
    /// The degrees they may mentor; none for all.
    pub degrees: Option<BTreeSet<DegreeId>>,
    /// What they have said of themselves.
    pub availability: Availability,
    /// Who has their seats.
    pub seats: Item<Seats>,
    leaves: bool,
    booked: Occupancy,
}

impl Mentor {
    /// How many students they may have; whoever has given notice gets no new ones.
    pub fn capacity(&self, policy: &PairingPolicy) -> u32 {
        if self.leaves { 0 } else { self.availability.capacity(policy.novice_seats_max) }
    }

    /// The mentor with the hours of a week that are neither booked nor promised to a student of theirs.
    pub fn candidate(&self, policy: &PairingPolicy, week: Week) -> Candidate {
        let said = &self.availability;
        let open = Hours::open(said, week).without(&self.booked);
        let promised = self.seats.value.taken.values().filter_map(|seat| seat.hour);
        let capacity = self.capacity(policy);
        Candidate {
            mentor: said.person,
            degrees: self.degrees.clone(),
            hours: promised.fold(open, |open, hour| open.without_hour(&hour, &said.time_zone, week)),
            availability: said.clone(),
            capacity,
            free: self.seats.value.free(capacity),
            price: self.seats.value.price,
        }
    }
}

/// People with a role, by the degrees they have it for: none for all.
pub type Holders = BTreeMap<PersonId, Option<BTreeSet<DegreeId>>>;

/// The most people with a role that are read at once.
const HOLDERS_AT_ONCE: u16 = 500;

impl Store {
    /// A mentor's seats.
    pub async fn seats(&self, mentor: PersonId) -> Result<Item<Seats>, StoreError> {
        Ok(self.get(&Key::Seats(mentor)).await?.unwrap_or(Item::new(Seats::untaken(mentor))))
    }

    /// The seats of several mentors.
    pub async fn seats_of(&self, mentors: &[PersonId]) -> Result<Vec<Item<Seats>>, StoreError> {
        let kept: Vec<Item<Seats>> =
            self.get_many(&Vec::from_iter(mentors.iter().copied().map(Key::Seats))).await?;
        let mut kept: BTreeMap<_, _> = kept.into_iter().map(|item| (item.value.mentor, item)).collect();
        let seats = |mentor: &PersonId| kept.remove(mentor).unwrap_or(Item::new(Seats::untaken(*mentor)));
        Ok(mentors.iter().map(seats).collect())
    }

    /// Everyone who has a role now for some degrees.
    pub async fn role_holders(
        &self,
        role: Role,
        degrees: &BTreeSet<DegreeId>,
        now: Timestamp,
    ) -> Result<Holders, StoreError> {
        let mut holders = Holders::new();
        let places = degrees.iter().cloned().map(Some).chain([None]);
        for degree in places {
            for shard in 0..self.billing_shards() {
                let query = Query::RoleHolders(role, degree.clone(), shard);
                let mut after = None;
                loop {
                    let Page { items, next } =
                        self.page(&query, Order::Ascending, after.as_deref(), HOLDERS_AT_ONCE).await?;
                    add_holders(&mut holders, items, now)?;
                    after = next;
                    if after.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(holders)
    }

    /// Some of those who have a role now for a degree: as many as asked for or a few more, from another one
    /// on for each `begin`, so that where not all are looked at all of them are in the end.
    pub async fn some_role_holders(
        &self,
        role: Role,
        degree: &DegreeId,
        begin: PersonId,
        people_max: usize,
        now: Timestamp,
    ) -> Result<Holders, StoreError> {
        let mut holders = Holders::new();
        let shards = self.billing_shards();
        let first = self.queue.shard(begin.uuid()) % shards;
        for shard in (first..shards).chain(0..first) {
            for degree in [Some(degree.clone()), None] {
                let (_, begin) = Key::RoleHolder(role, degree.clone(), shard, begin).parts();
                let query = Query::RoleHolders(role, degree, shard);
                for after in [Some(begin.as_str()), None] {
                    let page = self.page(&query, Order::Ascending, after, HOLDERS_AT_ONCE).await?;
                    add_holders(&mut holders, page.items, now)?;
                    if people_max <= holders.len() {
                        return Ok(holders);
                    }
                }
            }
        }
        Ok(holders)
    }

    /// What the matching looks at of mentors who have said when they can meet, with what is booked in a week.
    pub async fn mentors(&self, holders: Holders, week: Week) -> Result<Vec<Mentor>, StoreError> {
        let people = Vec::from_iter(holders.keys().copied());
        let said = Vec::from_iter(people.iter().copied().map(Key::Availability));
        let said: Vec<Item<Availability>> = self.get_many(&said).await?;
        let people = Vec::from_iter(said.iter().map(|item| item.value.person));
        let seats = self.seats_of(&people).await?;
        let booked = self.booked_in(&people, week).await?;
        let leaving = Vec::from_iter(people.iter().copied().map(Key::Departure));
        let leaving: Vec<Item<Departure>> = self.get_many(&leaving).await?;
        let leaves = |person: PersonId| leaving.iter().any(|item| item.value.mentor == person);
        let mentors = said.into_iter().zip(seats).zip(booked).map(|((said, seats), booked)| Mentor {
            degrees: holders.get(&said.value.person).cloned().flatten(),
            leaves: leaves(said.value.person),
            availability: said.value,
            seats,
            booked,
        });
        Ok(mentors.collect())
    }

    /// What mentors who have not given notice have said of when they can meet, with the degrees they may mentor.
    pub async fn staying(
        &self,
        holders: &Holders,
    ) -> Result<Vec<(Option<BTreeSet<DegreeId>>, Availability)>, StoreError> {
        let people = Vec::from_iter(holders.keys().copied());
        let leaving = Vec::from_iter(people.iter().copied().map(Key::Departure));
        let leaving: Vec<Item<Departure>> = self.get_many(&leaving).await?;
        let leaving = BTreeSet::from_iter(leaving.into_iter().map(|item| item.value.mentor));
        let said = self.availabilities(&people).await?.into_iter();
        let staying = said.filter(|said| !leaving.contains(&said.person));
        Ok(staying.map(|said| (holders.get(&said.person).cloned().flatten(), said)).collect())
    }

    /// What people have said of when they can meet; nothing of those who have not.
    pub async fn availabilities(&self, people: &[PersonId]) -> Result<Vec<Availability>, StoreError> {
        let said: Vec<Item<Availability>> =
            self.get_many(&Vec::from_iter(people.iter().copied().map(Key::Availability))).await?;
        Ok(said.into_iter().map(|item| item.value).collect())
    }
}

fn add_holders(
    holders: &mut Holders,
    items: Vec<crate::item::Attributes>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for item in items {
        let RoleHolder { person, degree, until, .. } = from_attributes::<RoleHolder>(item)?.value;
        if until.is_some_and(|until| until <= now) {
            continue;
        }
        let degrees = holders.entry(person).or_insert_with(|| Some(BTreeSet::new()));
        match degree {
            None => *degrees = None,
            Some(degree) => {
                if let Some(degrees) = degrees {
                    degrees.insert(degree);
                }
            }
        }
    }
    Ok(())
}
