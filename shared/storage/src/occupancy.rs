//! People's weeks, one item each: why nobody is booked twice.
//!
//! A booking reads the weeks of everyone who takes part ([`Store::diaries`]), sets the bits of its
//! slot ([`Diaries::reserve`]) and saves the weeks it touched in the transaction that keeps what was
//! booked ([`Transaction::keep_diaries`]). A bit that is set is a taken slot; a week that somebody
//! else wrote in between is read again.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::PersonId;
use domain::jury::{CapReached, Caps, Load};
use domain::occupancy::{Diary, NotReserved, Occupancy, Slot, SlotTaken, Week};
use domain::time::Zone;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Item, Stored};
use crate::key::Key;
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

/// One person's week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusyWeek {
    person: PersonId,
    week: Week,
    quarters: Occupancy,
    /// When the defenses begin that the person judges in it, held ones too: what a juror's caps count.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    judging: BTreeSet<Timestamp>,
}

impl Stored for BusyWeek {
    const KIND: &'static str = "occupancy";

    fn key(&self) -> Key {
        Key::Occupancy(self.person, self.week)
    }
}

/// The weeks of several people as they were read, with what was reserved and given back since.
#[derive(Debug, Clone, Default)]
pub struct Diaries {
    weeks: BTreeMap<(PersonId, Week), Item<BusyWeek>>,
    touched: BTreeSet<(PersonId, Week)>,
}

impl Diaries {
    /// Weeks as they were read; what was never booked in is free.
    pub(crate) fn read(weeks: Vec<Item<BusyWeek>>) -> Self {
        let weeks = weeks.into_iter().map(|item| ((item.value.person, item.value.week), item));
        Self { weeks: weeks.collect(), touched: BTreeSet::new() }
    }

    /// With the slot booked for everyone, if everyone is free.
    pub fn reserve(self, people: &[PersonId], slot: Slot) -> Result<Self, SlotTaken> {
        let weeks = slot.weeks();
        weeks.into_iter().try_fold(self, |diaries, (week, quarters)| {
            diaries.turn(people, week, |booked| booked.reserve(quarters))
        })
    }

    /// With the slot given back by everyone.
    pub fn release(self, people: &[PersonId], slot: Slot) -> Result<Self, NotReserved> {
        let weeks = slot.weeks();
        weeks.into_iter().try_fold(self, |diaries, (week, quarters)| {
            diaries.turn(people, week, |booked| booked.release(quarters))
        })
    }

    /// With one more defense that a juror in a zone judges, if the caps allow it.
    ///
    /// All weeks that count are written with it, so that two at the same moment are never both the last.
    pub fn judges(
        mut self,
        juror: PersonId,
        begins: Timestamp,
        zone: &Zone,
        caps: Caps,
    ) -> Result<Self, CapReached> {
        let judging = Vec::from_iter(self.judged_by(juror));
        caps.check(Load::at(begins, &judging, zone))?;
        for week in Caps::weeks(begins, zone) {
            let begins = (Week::of(begins) == week).then_some(begins);
            self.recount(juror, week, |judging| judging.extend(begins));
        }
        Ok(self)
    }

    /// Without a defense that a juror no longer judges. One from before they were counted is not missed.
    #[must_use]
    pub fn judges_no_more(mut self, juror: PersonId, begins: Timestamp) -> Self {
        self.recount(juror, Week::of(begins), |judging| {
            judging.remove(&begins);
        });
        self
    }

    fn recount(&mut self, juror: PersonId, week: Week, change: impl FnOnce(&mut BTreeSet<Timestamp>)) {
        let item = self.weeks.entry((juror, week)).or_insert_with(|| free(juror, week));
        change(&mut item.value.judging);
        self.touched.insert((juror, week));
    }

    /// When the defenses begin that a person judges in the weeks that were read.
    pub fn judged_by(&self, juror: PersonId) -> impl Iterator<Item = Timestamp> + '_ {
        let own = self.weeks.values().filter(move |item| item.value.person == juror);
        own.flat_map(|item| item.value.judging.iter().copied())
    }

    /// One person's weeks, to look for other times in.
    pub fn of(&self, person: PersonId) -> Diary {
        let own = self.weeks.iter().filter(|((owner, _), _)| *owner == person);
        own.map(|((_, week), item)| (*week, item.value.quarters.clone())).collect()
    }

    /// How many weeks a transaction with these writes.
    pub fn touched(&self) -> usize {
        self.touched.len()
    }

    fn turn<E>(
        mut self,
        people: &[PersonId],
        week: Week,
        change: impl Fn(Occupancy) -> Result<Occupancy, E>,
    ) -> Result<Self, E> {
        for person in people {
            let place = (*person, week);
            let item = self.weeks.remove(&place).unwrap_or_else(|| free(*person, week));
            let changed =
                item.try_map(|busy| change(busy.quarters).map(|quarters| BusyWeek { quarters, ..busy }))?;
            self.weeks.insert(place, changed);
            self.touched.insert(place);
        }
        Ok(self)
    }
}

fn free(person: PersonId, week: Week) -> Item<BusyWeek> {
    Item::new(BusyWeek { person, week, quarters: Occupancy::FREE, judging: BTreeSet::new() })
}

impl Store {
    /// What is booked of a week, for each of these people in their order.
    pub async fn booked_in(&self, people: &[PersonId], week: Week) -> Result<Vec<Occupancy>, StoreError> {
        let places = people.iter().map(|person| Key::Occupancy(*person, week));
        let read: Vec<Item<BusyWeek>> = self.get_many(&Vec::from_iter(places)).await?;
        let booked = read.into_iter().map(|item| (item.value.person, item.value.quarters));
        let mut booked = BTreeMap::from_iter(booked);
        Ok(people.iter().map(|person| booked.remove(person).unwrap_or_default()).collect())
    }

    /// The given weeks of each of these people; one that was never booked in is free.
    pub async fn diaries(
        &self,
        people: &[PersonId],
        weeks: impl IntoIterator<Item = Week>,
    ) -> Result<Diaries, StoreError> {
        let weeks = BTreeSet::from_iter(weeks);
        let places = people.iter().flat_map(|person| weeks.iter().map(|week| Key::Occupancy(*person, *week)));
        Ok(Diaries::read(self.get_many(&Vec::from_iter(places)).await?))
    }
}

impl<R: Clone> Transaction<'_, R> {
    /// Saves the weeks that were booked in or given back, if nobody else wrote them in between.
    pub fn keep_diaries(self, diaries: &Diaries, changed: R) -> Self {
        let touched = diaries.touched.iter().filter_map(|place| diaries.weeks.get(place));
        touched.fold(self, |transaction, week| transaction.save(week, changed.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{from_attributes, to_attributes};

    fn slot(starts_at: &str, minutes: u16) -> Slot {
        Slot::new(starts_at.parse().expect("an instant"), minutes).expect("a slot")
    }

    fn people() -> [PersonId; 2] {
        [PersonId::derived(&["maya"]), PersonId::derived(&["claire"])]
    }

    #[test]
    fn a_week_reads_back_as_it_was_written() {
        let week: Week = "2027-W10".parse().expect("a week");
        let booked = Diaries::default().reserve(&people(), slot("2027-03-09T17:00:00Z", 45)).expect("free");
        let busy = &booked.weeks[&(people()[0], week)].value;
        let read: Item<BusyWeek> =
            from_attributes(to_attributes(busy, 3).expect("plain data")).expect("as written");
        assert_eq!((&read.value, read.revision), (busy, 3));
    }

    #[test]
    fn a_slot_is_booked_for_everyone_or_nobody() {
        let [maya, claire] = people();
        let hers = Diaries::default().reserve(&[claire], slot("2027-03-09T17:30:00Z", 30)).expect("free");
        let wanted = slot("2027-03-09T17:00:00Z", 45);
        assert_eq!(hers.clone().reserve(&[maya, claire], wanted).map(drop), Err(SlotTaken));
        assert!(hers.reserve(&[maya], wanted).is_ok());
    }

    #[test]
    fn a_slot_over_the_weeks_edge_touches_two_weeks_of_each() {
        let edge = slot("2027-03-14T23:45:00Z", 45);
        let booked = Diaries::default().reserve(&people(), edge).expect("free");
        assert_eq!(booked.touched(), 4);
        let moved = booked.release(&people(), edge).expect("booked");
        let moved = moved.reserve(&people(), slot("2027-03-14T23:30:00Z", 45)).expect("free again");
        assert_eq!(moved.touched(), 4);
    }

    #[test]
    fn a_juror_judges_up_to_the_caps_and_both_weeks_of_a_day_are_written() {
        let [_, claire] = people();
        let paris: Zone = "Europe/Paris".parse().expect("a zone");
        let caps = Caps { per_day: 2, per_week: 3 };
        let at = |text: &str| -> Timestamp { text.parse().expect("an instant") };
        let judges = |diaries: Diaries, time: &str| diaries.judges(claire, at(time), &paris, caps);
        // A Monday of Paris, of which an hour lies in the week before.
        let one = judges(Diaries::default(), "2027-03-14T23:15:00Z").expect("the first");
        assert_eq!(one.touched(), 2);
        let two = judges(one, "2027-03-15T09:00:00Z").expect("the second");
        assert_eq!(judges(two.clone(), "2027-03-15T10:00:00Z").map(drop), Err(CapReached::Day { max: 2 }));
        let freed = two.clone().judges_no_more(claire, at("2027-03-14T23:15:00Z"));
        assert!(judges(freed, "2027-03-15T10:00:00Z").is_ok());
        let four = judges(two, "2027-03-16T09:00:00Z").expect("another day");
        let four = judges(four, "2027-03-17T09:00:00Z").expect("another day");
        assert_eq!(judges(four, "2027-03-18T09:00:00Z").map(drop), Err(CapReached::Week { max: 3 }));
    }

    #[test]
    fn what_nobody_booked_cannot_be_given_back() {
        let never = Diaries::default().release(&people(), slot("2027-03-09T17:00:00Z", 45));
        assert_eq!(never.map(drop), Err(NotReserved));
    }
}
