//! Jurors for several defenses at once: as many as possible placed, then as early as possible, then spread.
//!
//! A juror's times may overlap on the quarter hour, so that taking one bars others: in general a hard problem.
//! Up to [`EXACT_DEFENSES_MAX`] defenses it is searched to the end, within a bound; beyond that, and where the
//! bound is met, each juror's time is cut into pieces one behind the other and a minimum-cost flow places as many
//! as there is room for in these, which may be fewer than could be placed with other cuts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::flow::Network;
use super::{Candidate, Load, Proposal, Sought};
use crate::id::PersonId;
use crate::occupancy::{Slot, Week};

/// The most defenses for which every way is tried.
pub const EXACT_DEFENSES_MAX: usize = 8;
/// The most steps of trying: each looks whether a place is free.
const STEPS_MAX: u32 = 500_000;
/// What a quarter hour of waiting costs against one more defense of a juror.
const QUARTER_COST: i64 = 1_000;

/// Who judges which defense when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assigned {
    /// For each defense, in the order they were given.
    pub places: Vec<Option<Proposal>>,
    /// Whether no other way would place more, or as many earlier or more evenly.
    pub is_best: bool,
}

impl Assigned {
    /// How many are placed.
    pub fn placed(&self) -> usize {
        self.places.iter().flatten().count()
    }
}

/// A time of a juror for a defense.
#[derive(Debug, Clone, Copy)]
struct Place {
    candidate: usize,
    slot: Slot,
    cost: i64,
}

/// Places defenses with jurors. The students are different ones.
pub fn assign(sought: &[Sought<'_>], candidates: &[Candidate]) -> Assigned {
    let wishes: Vec<Vec<Place>> = sought.iter().map(|sought| places(sought, candidates)).collect();
    if sought.len() <= EXACT_DEFENSES_MAX {
        let mut search = Search { sought, candidates, wishes: &wishes, best: None, steps: 0 };
        search.go(&mut Vec::new(), 0);
        if let (Some((_, _, chosen)), true) = (search.best, search.steps < STEPS_MAX) {
            return written(sought, candidates, &chosen, true);
        }
    }
    in_pieces(sought, candidates)
}

/// Places defenses in pieces of the jurors' time.
pub(super) fn in_pieces(sought: &[Sought<'_>], candidates: &[Candidate]) -> Assigned {
    let wishes: Vec<Vec<Place>> = sought.iter().map(|sought| places(sought, candidates)).collect();
    written(sought, candidates, &by_flow(sought, candidates, &wishes), false)
}

/// Every time of every juror for a defense, earliest first.
fn places(sought: &Sought<'_>, candidates: &[Candidate]) -> Vec<Place> {
    let fit = candidates.iter().enumerate().filter(|(_, candidate)| sought.bars(candidate).is_none());
    let fit = Vec::from_iter(fit);
    let times =
        sought.times().flat_map(|slot| fit.iter().map(move |(index, candidate)| (*index, *candidate, slot)));
    let free = times.filter(|(_, candidate, slot)| sought.propose(candidate, *slot).is_ok());
    let first = sought.span.from;
    let place = |(candidate, _, slot): (usize, &Candidate, Slot)| {
        let quarters = first.duration_until(slot.starts_at()).as_secs() / super::QUARTER.as_secs();
        Place { candidate, slot, cost: quarters * QUARTER_COST }
    };
    free.map(place).collect()
}

/// The proposals of chosen places, each with the load that comes from those before it.
fn written(
    sought: &[Sought<'_>],
    candidates: &[Candidate],
    chosen: &[Option<Place>],
    is_best: bool,
) -> Assigned {
    let mut judging: BTreeMap<usize, Vec<_>> = BTreeMap::new();
    let mut places = Vec::with_capacity(sought.len());
    for place in chosen {
        places.push(place.map(|Place { candidate, slot, .. }| {
            let juror = &candidates[candidate];
            let known = judging.entry(candidate).or_insert_with(|| juror.judging.clone());
            let load = Load::at(slot.starts_at(), known.iter(), &juror.said.time_zone);
            known.push(slot.starts_at());
            Proposal { juror: juror.said.person, slot, load }
        }));
    }
    Assigned { places, is_best }
}

/// Every way, with those left out that cannot be better than the best so far.
struct Search<'a> {
    sought: &'a [Sought<'a>],
    candidates: &'a [Candidate],
    wishes: &'a [Vec<Place>],
    best: Option<(usize, i64, Vec<Option<Place>>)>,
    steps: u32,
}

impl Search<'_> {
    fn go(&mut self, chosen: &mut Vec<Option<Place>>, cost: i64) {
        self.steps += 1;
        if self.steps >= STEPS_MAX || !self.could_be_better(chosen, cost) {
            return;
        }
        if chosen.len() == self.wishes.len() {
            let placed = chosen.iter().flatten().count();
            self.best = Some((placed, cost, chosen.clone()));
            return;
        }
        let wishes = self.wishes;
        for place in &wishes[chosen.len()] {
            // Those behind it are no earlier.
            if !self.is_worth(chosen.len() + 1, chosen.iter().flatten().count() + 1, cost + place.cost) {
                break;
            }
            self.steps += 1;
            if self.steps >= STEPS_MAX {
                return;
            }
            if let Some(load) = self.room(chosen, place) {
                chosen.push(Some(*place));
                self.go(chosen, cost + place.cost + i64::from(load.week));
                chosen.pop();
            }
        }
        chosen.push(None);
        self.go(chosen, cost);
        chosen.pop();
    }

    /// The load at a place, if it is free beside the chosen ones and not at the caps.
    fn room(&self, chosen: &[Option<Place>], place: &Place) -> Option<Load> {
        let same = || chosen.iter().flatten().filter(|other| other.candidate == place.candidate);
        let apart = |other: &Place| {
            other.slot.ends_at() <= place.slot.starts_at() || place.slot.ends_at() <= other.slot.starts_at()
        };
        if !same().all(apart) {
            return None;
        }
        let candidate = &self.candidates[place.candidate];
        let mut judging = candidate.judging.clone();
        judging.extend(same().map(|other| other.slot.starts_at()));
        let load = Load::at(place.slot.starts_at(), &judging, &candidate.said.time_zone);
        self.sought[chosen.len()].caps().check(load).is_ok().then_some(load)
    }

    /// Whether what is chosen could become better than the best so far.
    fn could_be_better(&self, chosen: &[Option<Place>], cost: i64) -> bool {
        self.is_worth(chosen.len(), chosen.iter().flatten().count(), cost)
    }

    /// Whether it would be better than the best so far to have placed so many of the first few at a cost, if all
    /// that are left were placed at their earliest.
    fn is_worth(&self, decided: usize, placed: usize, cost: i64) -> bool {
        let Some((most, least, _)) = &self.best else { return true };
        let left = self.wishes[decided..].iter().filter_map(|wishes| wishes.first());
        let (possible, at_least) =
            left.fold((placed, cost), |(possible, cost), place| (possible + 1, cost + place.cost));
        possible > *most || (possible == *most && at_least < *least)
    }
}

/// The cheapest way to place as many as there is room for in pieces of the jurors' time.
fn by_flow(sought: &[Sought<'_>], candidates: &[Candidate], wishes: &[Vec<Place>]) -> Vec<Option<Place>> {
    let pieces = pieces(wishes);
    let mut network = Network::default();
    let (source, sink) = (network.node(), network.node());
    let defenses = Vec::from_iter(sought.iter().map(|_| network.node()));
    for defense in &defenses {
        network.edge(source, *defense, 0);
    }
    // A piece leads to its juror's day, that to the week, and that to the end: each with what is left of the caps.
    let mut weeks: BTreeMap<(PersonId, Week), usize> = BTreeMap::new();
    let mut days: BTreeMap<(PersonId, Date, Week), usize> = BTreeMap::new();
    let mut ends: BTreeMap<(usize, Slot), usize> = BTreeMap::new();
    let caps = sought.iter().map(Sought::caps).min_by_key(|caps| (caps.per_day, caps.per_week));
    let Some(caps) = caps else { return Vec::new() };
    for (candidate, slot) in &pieces {
        let juror = &candidates[*candidate];
        let (at, zone) = (slot.starts_at(), &juror.said.time_zone);
        let load = Load::at(at, &juror.judging, zone);
        let (person, week) = (juror.said.person, Week::of(at));
        let in_week = *weeks.entry((person, week)).or_insert_with(|| {
            let node = network.node();
            for more in load.week..caps.per_week {
                network.edge(node, sink, i64::from(more));
            }
            node
        });
        // A day over the edge of the week is two here, of which the first gets the room.
        let fresh = !days
            .keys()
            .any(|(known, date, of)| (*known, *date) == (person, zone.date_at(at)) && *of != week);
        let of_day = *days.entry((person, zone.date_at(at), week)).or_insert_with(|| {
            let node = network.node();
            for _ in load.day..if fresh { caps.per_day } else { load.day } {
                network.edge(node, in_week, 0);
            }
            node
        });
        let end = network.node();
        network.edge(end, of_day, 0);
        ends.insert((*candidate, *slot), end);
    }
    let mut edges = Vec::new();
    for (index, wishes) in wishes.iter().enumerate() {
        for place in wishes {
            if let Some(end) = ends.get(&(place.candidate, place.slot)) {
                edges.push((index, *place, network.edge(defenses[index], *end, place.cost)));
            }
        }
    }
    network.fill(source, sink);
    let mut chosen = vec![None; sought.len()];
    for (index, place, edge) in edges {
        if network.is_used(edge) {
            chosen[index] = Some(place);
        }
    }
    chosen
}

/// Each juror's wanted times, cut so that none overlaps another: from the earliest on.
fn pieces(wishes: &[Vec<Place>]) -> BTreeSet<(usize, Slot)> {
    let wanted: BTreeSet<(usize, Slot)> =
        wishes.iter().flatten().map(|place| (place.candidate, place.slot)).collect();
    let mut pieces: BTreeSet<(usize, Slot)> = BTreeSet::new();
    let mut last: Option<(usize, Slot)> = None;
    for (candidate, slot) in wanted {
        let apart = last.is_none_or(|(of, before)| of != candidate || before.ends_at() <= slot.starts_at());
        if apart {
            pieces.insert((candidate, slot));
            last = Some((candidate, slot));
        }
    }
    pieces
}
