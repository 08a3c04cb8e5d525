//! Mentor and juror on the same criterion.
//!
//! Only work that meets every criterion is accepted, so before a defense the mentor has said "acquired" of
//! all of it, and two people who say so of nearly everything agree nearly always without looking. Cohen's
//! kappa takes as chance what each of them says on average; where one says the same of everything it is 0
//! however often they agree (the paradox of Feinstein and Cicchetti). Gwet's AC1 expects the less agreement
//! by chance the more one word prevails, and stays telling there. AC1 is therefore what to read; kappa stands
//! beside it for whoever knows it, and is not said where one side has used one word only.
//!
//! `if_uploaded` is not "acquired" yet: against a mentor's "acquired" it is a disagreement, counted apart
//! too.
//!
//! Sources: Cohen 1960; Fleiss, Cohen and Everitt 1969; Feinstein and Cicchetti 1990; Gwet 2008; Wongpakaran
//! and others 2013.

use std::collections::BTreeMap;
use std::ops::Add;

use super::SAID_MIN;
use super::chance::{self, Coefficient, Share};
use super::fact::{JurorWord, JuryFacts, Pair};
use crate::assessment::Met;
use crate::id::{CriterionId, ProjectId};

/// How mentors and jurors judged one criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriterionAgreement {
    /// Of which project.
    pub project: ProjectId,
    /// Which.
    pub criterion: CriterionId,
    /// What was said.
    pub words: Words,
}

/// Pairs of words, counted. Words on different defenses add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Words {
    /// Both saw it.
    pub both: u64,
    /// The mentor saw it, the juror did not, or not yet.
    pub mentor_only: u64,
    /// The juror saw it, the mentor had not.
    pub juror_only: u64,
    /// Neither saw it.
    pub neither: u64,
    /// How often the juror asked for an upload; each is among those that the juror did not see.
    pub if_uploaded: u64,
}

impl Words {
    fn of(pair: &Pair) -> Self {
        let (mentor, juror) = (pair.mentor == Met::Acquired, pair.juror == JurorWord::Acquired);
        Self {
            both: u64::from(mentor && juror),
            mentor_only: u64::from(mentor && !juror),
            juror_only: u64::from(!mentor && juror),
            neither: u64::from(!mentor && !juror),
            if_uploaded: u64::from(pair.juror == JurorWord::IfUploaded),
        }
    }

    /// How many pairs.
    pub const fn judged(&self) -> u64 {
        self.both + self.mentor_only + self.juror_only + self.neither
    }

    /// In how many both said the same.
    pub const fn agreed(&self) -> u64 {
        self.both + self.neither
    }

    /// The share in which both said the same, with its interval; nothing where there are too few to say.
    pub fn share(&self) -> Option<Share> {
        self.is_said().then(|| chance::wilson(self.agreed(), self.judged()))
    }

    /// Agreement beyond chance by Gwet's AC1; nothing where there are too few to say.
    pub fn ac1(&self) -> Option<Coefficient> {
        self.is_said().then(|| chance::ac1(self))
    }

    /// Agreement beyond chance by Cohen's kappa; nothing where there are too few to say, or where mentors or
    /// jurors have said the same of all.
    pub fn kappa(&self) -> Option<Coefficient> {
        let mentors_differ = self.both + self.mentor_only > 0 && self.juror_only + self.neither > 0;
        let jurors_differ = self.both + self.juror_only > 0 && self.mentor_only + self.neither > 0;
        (self.is_said() && mentors_differ && jurors_differ).then(|| chance::kappa(self))
    }

    const fn is_said(&self) -> bool {
        self.judged() >= SAID_MIN
    }
}

impl Add for Words {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            both: self.both + other.both,
            mentor_only: self.mentor_only + other.mentor_only,
            juror_only: self.juror_only + other.juror_only,
            neither: self.neither + other.neither,
            if_uploaded: self.if_uploaded + other.if_uploaded,
        }
    }
}

/// Each criterion of each project; an author's word for one is its own within the project only.
pub(super) fn by_criterion(facts: &JuryFacts) -> Vec<CriterionAgreement> {
    let mut words: BTreeMap<(&ProjectId, &CriterionId), Words> = BTreeMap::new();
    for fact in facts.iter() {
        for pair in &fact.pairs {
            let counted = words.entry((&fact.project, &pair.criterion)).or_default();
            *counted = *counted + Words::of(pair);
        }
    }
    let agreement = |((project, criterion), words): ((&ProjectId, &CriterionId), Words)| CriterionAgreement {
        project: project.clone(),
        criterion: criterion.clone(),
        words,
    };
    words.into_iter().map(agreement).collect()
}
