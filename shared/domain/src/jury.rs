//! Who judges a defense, and when: of the jurors who are strangers to the student and have an hour in common
//! with them, the earliest, then the one who judges least.
//!
//! [`rank`] says for one defense whom it could be, and of all others why not; [`offers`] are other times for
//! whoever lost one; [`assign`] is for several defenses that want the same jurors. All of it is an offer: only
//! the booking, which is conditional on both people's weeks and on the conflict set, is a promise.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::availability::Availability;
use crate::conflict::{ConflictSet, Reason};
use crate::defense::Defense;
use crate::id::PersonId;
use crate::occupancy::{ALTERNATIVES_MAX, Diary, Slot, Week};
use crate::pairing::Hours;
use crate::time::Zone;

mod assign; // several defenses at once
mod caps; // how much one juror judges
mod flow; // the cheapest way to place as many as possible

pub use assign::{Assigned, EXACT_DEFENSES_MAX, assign};
pub use caps::{CapReached, Caps, Load};

/// How far behind a time that is taken others are looked for.
pub const OTHER_TIMES_DAYS: u32 = 28;

const QUARTER: SignedDuration = SignedDuration::from_mins(15);

/// The most weeks that are looked at: the longest search for other times, and both its edges.
pub const WEEKS_MAX: usize = 6;

/// When somebody could take part: what they leave open of the weeks that are looked at, and have not booked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Free(BTreeMap<Week, Hours>);

impl Free {
    /// The hours that are open in each week and free in the diary.
    pub fn new(weeks: &[Week], diary: &Diary, open: impl Fn(Week) -> Hours) -> Self {
        let free = |week: &Week| {
            let hours = open(*week);
            (*week, diary.in_week(*week).map_or(hours, |booked| hours.without(booked)))
        };
        Self(weeks.iter().map(free).collect())
    }

    /// Whether all of a time is free; a week that is not looked at never is.
    pub fn holds(&self, slot: Slot) -> bool {
        slot.weeks().all(|(week, quarters)| {
            let bits = quarters.bits();
            self.0.get(&week).is_some_and(|hours| hours.holds(bits.start, bits.len()))
        })
    }
}

/// The instants at which a defense may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first, on a quarter hour.
    pub from: Timestamp,
    /// The first behind it.
    pub to: Timestamp,
}

impl Span {
    /// From an instant on for so many days; the start is the next quarter hour behind `now`.
    pub fn days(from: Timestamp, days: u32, now: Timestamp) -> Self {
        let from = next_quarter(from.max(now.saturating_add(QUARTER).unwrap_or(now)));
        let to = from.checked_add(SignedDuration::from_hours(24 * i64::from(days)));
        Self { from, to: to.unwrap_or(Timestamp::MAX) }
    }

    /// The weeks that a meeting lies in which begins in it and takes at most a day.
    pub fn weeks(&self) -> Vec<Week> {
        let mut weeks = vec![Week::of(self.from)];
        let behind = self.to.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
        while let Some(last) = weeks.last()
            && weeks.len() < WEEKS_MAX
            && last.next().begins_at() < behind
        {
            weeks.push(last.next());
        }
        weeks
    }

    /// Every quarter hour of it.
    fn quarters(self) -> impl Iterator<Item = Timestamp> {
        std::iter::successors(Some(self.from), |at| at.checked_add(QUARTER).ok())
            .take_while(move |at| *at < self.to)
            .take(WEEKS_MAX * 7 * 24 * 4)
    }
}

/// The first quarter hour from an instant on.
fn next_quarter(at: Timestamp) -> Timestamp {
    let second = at.as_second().div_euclid(QUARTER.as_secs()) * QUARTER.as_secs();
    let floor = Timestamp::from_second(second).unwrap_or(at);
    if floor == at { at } else { floor.checked_add(QUARTER).unwrap_or(at) }
}

impl Defense {
    /// When it should be held: on wished dates that are early enough for a juror and do not keep the student
    /// waiting. Where that has passed, as many days as there were between the two, from tomorrow on.
    pub fn wished_span(&self, zone: &Zone, now: Timestamp) -> Span {
        let (wish, policy) = (self.request().wish, self.policy());
        let asked_on = zone.date_at(self.requested_at());
        let ahead = |date: Date, days: u32| date.checked_add(i64::from(days).days()).unwrap_or(Date::MAX);
        let first = wish.from.max(ahead(asked_on, policy.notice_days_min));
        let last = wish.to.min(ahead(asked_on, policy.notice_days_max));
        let start = |date: Date| zone.start_of(date).unwrap_or(Timestamp::MAX);
        let from = next_quarter(start(first).max(now.saturating_add(QUARTER).unwrap_or(now)));
        let to = start(ahead(last, 1));
        if from < to {
            return Span { from, to };
        }
        let days = policy.notice_days_max.saturating_sub(policy.notice_days_min).max(1);
        Span::days(start(ahead(zone.date_at(now), 1)), days, now)
    }
}

/// A defense that somebody is to judge, with the student's side of it.
#[derive(Clone)]
pub struct Sought<'a> {
    /// The defense.
    pub defense: &'a Defense,
    /// Who may not judge.
    pub conflicts: &'a ConflictSet,
    /// The language it is held in: a BCP 47 code.
    pub language: &'a str,
    /// Who declared a tie to the student, or to whom the student declared one.
    pub tied: &'a BTreeSet<PersonId>,
    /// When the student could come.
    pub student: Free,
    /// Whether the student studies at an instant.
    pub studies: &'a dyn Fn(Timestamp) -> bool,
    /// When it may begin.
    pub span: Span,
    /// How long it takes.
    pub minutes: u16,
}

/// Somebody who may judge the degree.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Who, in which zone, with which languages; nothing of hours is read here.
    pub said: Availability,
    /// When they could come.
    pub free: Free,
    /// When the defenses begin that they judge already, as far as the weeks were read.
    pub judging: Vec<Timestamp>,
}

/// A juror and a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// Who would judge.
    pub juror: PersonId,
    /// When, in whole quarter hours.
    pub slot: Slot,
    /// What they judge already at that time.
    pub load: Load,
}

/// Why somebody is not proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// They are no stranger to the student, for these reasons.
    InConflict(Vec<Reason>),
    /// They do not speak the language well enough to judge in it.
    Language,
    /// They have not said when they can meet.
    NoHours,
    /// They have no time in common with the student.
    NoOverlap,
    /// Whenever they had time they judge as much as anyone may.
    Capped,
}

/// Everybody who might judge a defense.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ranking {
    /// Each juror with the earliest time, best first.
    pub proposals: Vec<Proposal>,
    /// The others, and why not.
    pub excluded: Vec<(PersonId, Unfit)>,
}

impl Proposal {
    /// What comes first: the earliest, then the least loaded; the id decides between equals.
    fn order(&self) -> (Timestamp, Load, PersonId) {
        (self.slot.starts_at(), self.load, self.juror)
    }
}

impl Sought<'_> {
    /// The caps of whoever judges it: those of the day it was asked for.
    pub fn caps(&self) -> Caps {
        self.defense.policy().caps()
    }

    /// Why somebody may not judge it at any time; nothing where they may.
    fn bars(&self, candidate: &Candidate) -> Option<Unfit> {
        let juror = candidate.said.person;
        let mut reasons = Vec::from_iter(self.conflicts.reasons(juror));
        if self.tied.contains(&juror) && !reasons.contains(&Reason::Declared) {
            reasons.push(Reason::Declared);
        }
        if !reasons.is_empty() || !self.defense.may_be_judged_by(juror, self.conflicts) {
            return Some(Unfit::InConflict(reasons));
        }
        if candidate.said.weekly.is_empty() {
            return Some(Unfit::NoHours);
        }
        (!self.is_spoken_by(candidate)).then_some(Unfit::Language)
    }

    /// Whether somebody speaks its language well enough to judge in it.
    fn is_spoken_by(&self, candidate: &Candidate) -> bool {
        let level_min = self.defense.policy().juror_language_level_min;
        candidate.said.speaks(self.language).is_some_and(|level| level >= level_min)
    }

    /// The times at which the student could come.
    fn times(&self) -> impl Iterator<Item = Slot> + '_ {
        let slots = self.span.quarters().filter_map(|at| Slot::new(at, self.minutes).ok());
        slots.filter(|slot| self.student.holds(*slot) && (self.studies)(slot.starts_at()))
    }

    /// What is offered first at a time: whoever is assigned has begun to prepare.
    fn order(&self, proposal: &Proposal) -> (bool, (Timestamp, Load, PersonId)) {
        (self.defense.juror() != Some(proposal.juror), proposal.order())
    }

    /// Somebody at a time, where they are free and not at their caps.
    fn propose(&self, candidate: &Candidate, slot: Slot) -> Result<Proposal, Unfit> {
        if !candidate.free.holds(slot) {
            return Err(Unfit::NoOverlap);
        }
        let (at, zone) = (slot.starts_at(), &candidate.said.time_zone);
        let load = Load::at(at, &candidate.judging, zone);
        self.caps().check(load).map_err(|_| Unfit::Capped)?;
        Ok(Proposal { juror: candidate.said.person, slot, load })
    }
}

/// Everybody who might judge a defense: each with their earliest time, best first, or why not.
pub fn rank(sought: &Sought<'_>, candidates: &[Candidate]) -> Ranking {
    let times = Vec::from_iter(sought.times());
    let mut ranking = Ranking::default();
    for candidate in candidates {
        let juror = candidate.said.person;
        if let Some(bar) = sought.bars(candidate) {
            ranking.excluded.push((juror, bar));
            continue;
        }
        let mut why = Unfit::NoOverlap;
        let found = times.iter().find_map(|slot| match sought.propose(candidate, *slot) {
            Ok(proposal) => Some(proposal),
            Err(Unfit::Capped) => {
                why = Unfit::Capped;
                None
            }
            Err(_) => None,
        });
        match found {
            Some(proposal) => ranking.proposals.push(proposal),
            None => ranking.excluded.push((juror, why)),
        }
    }
    ranking.proposals.sort_by_key(Proposal::order);
    ranking.excluded.sort_by_key(|(juror, _)| *juror);
    ranking
}

/// The juror whom the system gives to a time: the one who is assigned, else the least loaded of those who could
/// come.
pub fn juror_at(sought: &Sought<'_>, candidates: &[Candidate], slot: Slot) -> Option<Proposal> {
    let fit = candidates.iter().filter(|candidate| sought.bars(candidate).is_none());
    fit.filter_map(|candidate| sought.propose(candidate, slot).ok()).min_by_key(|it| sought.order(it))
}

/// Who could judge an appeal against it, whoever judges least first. They need no hour in common with the student:
/// they judge by the recording.
pub fn reviewers(sought: &Sought<'_>, candidates: &[Candidate]) -> Vec<PersonId> {
    let able = |candidate: &&Candidate| {
        let strange = matches!(sought.bars(candidate), None | Some(Unfit::NoHours));
        strange && sought.is_spoken_by(candidate) && sought.defense.juror() != Some(candidate.said.person)
    };
    let mut able = Vec::from_iter(candidates.iter().filter(able));
    able.sort_by_key(|candidate| (candidate.judging.len(), candidate.said.person));
    able.into_iter().map(|candidate| candidate.said.person).collect()
}

/// The first few times of a defense that do not overlap each other, each with the juror that it gets.
pub fn offers(sought: &Sought<'_>, candidates: &[Candidate]) -> Vec<Proposal> {
    let fit: Vec<&Candidate> =
        candidates.iter().filter(|candidate| sought.bars(candidate).is_none()).collect();
    let mut offers: Vec<Proposal> = Vec::with_capacity(ALTERNATIVES_MAX);
    for slot in sought.times() {
        if offers.len() == ALTERNATIVES_MAX {
            break;
        }
        if offers.last().is_some_and(|last| slot.starts_at() < last.slot.ends_at()) {
            continue;
        }
        let at = fit.iter().filter_map(|candidate| sought.propose(candidate, slot).ok());
        offers.extend(at.min_by_key(|it| sought.order(it)));
    }
    offers
}

#[cfg(test)]
mod tests;
