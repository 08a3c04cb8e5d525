//! What the others did with the same work.
//!
//! Whether a difference is more than chance is asked exactly: given how many defenses of a kind of work were
//! passed by all together, it is chance which of them were the group's. That is Fisher's exact test for each
//! kind, with their counts added up as Mantel and Haenszel add them, and it knows how little a few defenses
//! of the others tell.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::chance::Spread;
use super::compare::{Compared, Group, Level, Standing};
use super::drift::drift;
use super::fact::{JuryFact, JuryFacts};
use super::tally::Tally;
use super::{OTHERS_MIN, SAID_MIN};
use crate::id::{EditionId, PersonId, ProjectId};

/// What groups are made by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Juror,
    Edition,
    Market,
}

/// Work of one kind: jurors are compared on a project of an edition, editions and markets on a project.
type Work<'a> = (Option<&'a EditionId>, &'a ProjectId);

impl Kind {
    fn group(self, fact: &JuryFact) -> Group {
        match self {
            Self::Juror => Group::Juror(fact.juror),
            Self::Edition => Group::Edition(fact.edition.clone()),
            Self::Market => Group::Market(fact.market.clone()),
        }
    }

    fn work(self, fact: &JuryFact) -> Work<'_> {
        match self {
            Self::Juror => (Some(&fact.edition), &fact.project),
            Self::Edition | Self::Market => (None, &fact.project),
        }
    }
}

/// Defenses of one kind of work.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    defenses: u64,
    passed: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.defenses += other.defenses;
        self.passed += other.passed;
    }

    const fn without(self, own: Self) -> Self {
        Self { defenses: self.defenses - own.defenses, passed: self.passed - own.passed }
    }

    const fn passed_per_million(self) -> u64 {
        (2_000_000 * self.passed + self.defenses) / (2 * self.defenses)
    }
}

/// Defenses counted by kind of work.
#[derive(Debug, Default)]
pub(super) struct Works<'a>(BTreeMap<Work<'a>, Count>);

impl<'a> Works<'a> {
    fn of(facts: &[&'a JuryFact], kind: Kind) -> Self {
        let mut works = Self::default();
        for fact in facts {
            let count = Count { defenses: 1, passed: u64::from(fact.is_passed()) };
            works.0.entry(kind.work(fact)).or_default().add(count);
        }
        works
    }

    /// Those of all groups.
    pub(super) fn sum(members: &[Member<'a>]) -> Self {
        let mut sum = Self::default();
        for (work, count) in members.iter().flat_map(|it| &it.works.0) {
            sum.0.entry(*work).or_default().add(*count);
        }
        sum
    }

    /// Leaves out those of a group.
    pub(super) fn leave_out(&mut self, member: &Member<'a>) {
        for (work, own) in &member.works.0 {
            let left = self.0.entry(*work).or_default();
            *left = left.without(*own);
        }
    }
}

/// A group with its defenses.
#[derive(Debug)]
pub(super) struct Member<'a> {
    group: Group,
    tally: Tally,
    kind: Kind,
    /// What is compared, in the order of days.
    facts: Vec<&'a JuryFact>,
    works: Works<'a>,
}

/// Every group of a kind; what some jurors judged is counted, and not compared.
pub(super) fn members<'a>(facts: &'a JuryFacts, kind: Kind, without: &[PersonId]) -> Vec<Member<'a>> {
    let mut groups: BTreeMap<Group, Vec<&JuryFact>> = BTreeMap::new();
    for fact in facts.iter() {
        groups.entry(kind.group(fact)).or_default().push(fact);
    }
    let member = |(group, mut facts): (Group, Vec<&'a JuryFact>)| {
        let tally = facts.iter().map(|fact| Tally::of(fact)).sum();
        facts.retain(|fact| !without.contains(&fact.juror));
        facts.sort_unstable_by_key(|fact| (fact.decided_on, fact.defense));
        let works = Works::of(&facts, kind);
        Member { group, tally, kind, facts, works }
    };
    groups.into_iter().map(member).collect()
}

impl Member<'_> {
    /// How it stands beside the others in what all did, itself among them.
    pub(super) fn beside(&self, all: &Works<'_>) -> Standing {
        let others = Others::of(self, all);
        let Self { group, tally, .. } = self;
        Standing { group: group.clone(), tally: *tally, level: others.level(), drift: others.drift() }
    }
}

/// A group, and the others on those kinds of its work of which they judged enough.
struct Others<'a> {
    member: &'a Member<'a>,
    /// Its own, and the others'.
    works: BTreeMap<Work<'a>, (Count, Count)>,
}

impl<'a> Others<'a> {
    fn of(member: &'a Member<'a>, all: &Works<'_>) -> Self {
        let beside = |(work, own): (&Work<'a>, &Count)| {
            let others = all.0.get(work)?.without(*own);
            (others.defenses >= OTHERS_MIN).then_some((*work, (*own, others)))
        };
        Self { member, works: member.works.0.iter().filter_map(beside).collect() }
    }

    /// Each defense of work of which others judged enough: its day, whether it was passed, and how many of a
    /// million of such the others pass.
    fn compared(&self, enough: fn(&(Count, Count)) -> bool) -> Vec<(Date, bool, u64)> {
        let beside = |fact: &&JuryFact| {
            let work = self.member.kind.work(fact);
            let (_, others) = self.works.get(&work).filter(|beside| enough(beside))?;
            Some((fact.decided_on, fact.is_passed(), others.passed_per_million()))
        };
        self.member.facts.iter().filter_map(beside).collect()
    }

    fn level(&self) -> Option<Level> {
        let defenses = self.compared(|_| true);
        let mut compared = Compared::new(defenses.first()?.0);
        defenses.iter().for_each(|(_, passed, expected)| compared.count(*passed, *expected));
        if compared.defenses < SAID_MIN {
            return None;
        }
        let spread = self.works.values().fold(Spread::zero(), |spread, (own, others)| {
            spread.with(own.defenses, own.defenses + others.defenses, own.passed + others.passed)
        });
        let chance_per_million = spread.two_sided_per_million(compared.passed);
        Some(Level { compared, chance_per_million, exceeds_chance: false })
    }

    fn drift(&self) -> Option<Compared> {
        // What somebody is watched against has to be known at least as well as what they do themselves.
        let defenses = self.compared(|(own, others)| others.defenses >= own.defenses);
        drift(&defenses).filter(|since| since.defenses >= SAID_MIN)
    }
}
