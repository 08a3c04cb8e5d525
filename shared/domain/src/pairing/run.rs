//! All who wait against all who have seats.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::weekly::hours_for;
use super::{Candidate, Fit, Pairing, PairingPolicy, Seeker};
use crate::id::{EnrollmentId, PersonId};
use crate::matching::{Graph, InvalidGraph, Matching, Parameters, Problem, Reason};
use crate::occupancy::Week;

/// The most mentors that are weighed for one student: with more, the rest is not looked at, so that a run's
/// cost grows with the students and not with the product.
pub const EDGES_PER_STUDENT_MAX: usize = 64;

/// How often pairs are taken out for which a mentor's week has no hour, and the rest is matched again.
const ROUNDS_MAX: u32 = 20;

/// Why a student has no mentor, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nobody of this degree, language and level mentors.
    NoCandidate,
    /// Some do, but have no hour of the week for the two.
    NoOverlap,
    /// All seats of those who do are taken.
    Capacity,
}

/// A student whom a run left without a mentor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unseated {
    /// Who.
    pub enrollment: EnrollmentId,
    /// Why.
    pub why: Why,
}

/// What a run came to, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingReport {
    /// Students who needed a mentor.
    pub seekers: u64,
    /// Mentors with a free seat.
    pub candidates: u64,
    /// Pairs that came into question.
    pub pairs: u64,
    /// Students who got one: as many as possible.
    pub placed: u64,
    /// What their pairs are worth together.
    pub value: i64,
    /// What no other way to place as many can be worth more than.
    pub bound: i64,
    /// How often it was matched, since a mentor's week had no hour for all of theirs.
    pub rounds: u32,
}

impl PairingReport {
    /// What may be missing to the best answer.
    pub const fn gap(&self) -> i64 {
        self.bound - self.value
    }
}

/// What a run decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairings {
    /// Who studies with whom.
    pub placed: Vec<Pairing>,
    /// Who has nobody, and why.
    pub unseated: Vec<Unseated>,
    /// What a seat of each mentor is worth until the next run.
    pub prices: Vec<(PersonId, i64)>,
    /// The numbers.
    pub report: PairingReport,
}

/// The pairs that come into question for a student, by the mentors' numbers, and why there are none.
struct Weighed {
    pairs: Vec<(u32, i64)>,
    why: Why,
}

/// Places as many students as can be and, of the ways to do so, takes one worth the most; every mentor's
/// week has an hour for each of theirs.
///
/// Whoever has a mentor already is not among the seekers and keeps their seat. Pairs are taken out a bounded number
/// of times; whoever still has no hour then waits for the next run.
pub fn pair(
    seekers: &[Seeker],
    candidates: &[Candidate],
    policy: &PairingPolicy,
    week: Week,
    now: Timestamp,
    parameters: &Parameters,
) -> Result<Pairings, InvalidGraph> {
    let weigh = |(number, seeker)| weigh(number, seeker, candidates, policy, now);
    let mut weighed: Vec<Weighed> = seekers.par_iter().enumerate().map(weigh).collect();
    let pairs = weighed.iter().map(|weighed| weighed.pairs.len() as u64).sum();
    let mut rounds = 0;
    loop {
        rounds += 1;
        let matching = solve(&weighed, candidates, parameters)?;
        let (placed, cut) = weekly(&matching, seekers, candidates, policy, week);
        if cut.is_empty() || rounds == ROUNDS_MAX {
            let report = PairingReport {
                seekers: seekers.len() as u64,
                candidates: candidates.iter().filter(|candidate| candidate.free > 0).count() as u64,
                pairs,
                placed: placed.len() as u64,
                value: matching.value - cut.iter().map(|cut| worth(&weighed, *cut)).sum::<i64>(),
                bound: matching.bound,
                rounds,
            };
            let prices = candidates.iter().zip(&matching.certificate.prices);
            let unseated = unseated(&matching, seekers, &weighed, &cut);
            return Ok(Pairings {
                placed,
                unseated,
                prices: prices.map(|(candidate, price)| (candidate.mentor, *price)).collect(),
                report,
            });
        }
        for (student, mentor) in cut {
            let weighed = &mut weighed[student];
            weighed.pairs.retain(|(other, _)| *other as usize != mentor);
            weighed.why = Why::NoOverlap;
        }
    }
}

/// A student's number and a mentor's.
type Cut = (usize, usize);

fn worth(weighed: &[Weighed], (student, mentor): Cut) -> i64 {
    let pairs = weighed[student].pairs.iter();
    pairs.filter(|(other, _)| *other as usize == mentor).map(|(_, value)| *value).sum()
}

/// Looks from another mentor on for each student, so that where not all are looked at all of them are by
/// somebody.
fn weigh(
    number: usize,
    seeker: &Seeker,
    candidates: &[Candidate],
    policy: &PairingPolicy,
    now: Timestamp,
) -> Weighed {
    let mut weighed = Weighed { pairs: Vec::new(), why: Why::NoCandidate };
    let begin = if candidates.is_empty() { 0 } else { number.wrapping_mul(31) % candidates.len() };
    for index in (begin..candidates.len()).chain(0..begin) {
        let candidate = &candidates[index];
        if !candidate.could_mentor(seeker, policy) {
            continue;
        }
        let starts = candidate.common_starts(seeker, policy);
        if starts.is_empty() {
            weighed.why = weighed.why.max(Why::NoOverlap);
            continue;
        }
        weighed.why = Why::Capacity;
        if candidate.free == 0 {
            continue;
        }
        let mentor = u32::try_from(index).unwrap_or(u32::MAX);
        weighed.pairs.push((mentor, Fit::of(seeker, candidate, &starts).value(seeker, now)));
        if weighed.pairs.len() == EDGES_PER_STUDENT_MAX {
            break;
        }
    }
    weighed
}

fn solve(
    weighed: &[Weighed],
    candidates: &[Candidate],
    parameters: &Parameters,
) -> Result<Matching, InvalidGraph> {
    let mut graph = Graph::builder(candidates.iter().map(|candidate| candidate.free).collect())?;
    for weighed in weighed {
        graph.add(weighed.pairs.iter().copied())?;
    }
    Ok(Problem::from(graph.build()).solve(parameters))
}

/// The pairs for which there is an hour of the week, and those for which there is none.
fn weekly(
    matching: &Matching,
    seekers: &[Seeker],
    candidates: &[Candidate],
    policy: &PairingPolicy,
    week: Week,
) -> (Vec<Pairing>, Vec<Cut>) {
    let mut students_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (student, mentor) in matching.mentors.iter().enumerate() {
        if let Some(mentor) = mentor {
            students_of.entry(*mentor as usize).or_default().push(student);
        }
    }
    let (mut placed, mut cut) = (Vec::new(), Vec::new());
    for (mentor, mut students) in students_of {
        let candidate = &candidates[mentor];
        students.sort_by_key(|student| (seekers[*student].since, seekers[*student].enrollment));
        let hours = Vec::from_iter(students.iter().map(|student| seekers[*student].hours));
        for (student, start) in students.iter().zip(hours_for(&candidate.hours, &hours, policy)) {
            match start {
                None => cut.push((*student, mentor)),
                Some(start) => placed.push(Pairing {
                    enrollment: seekers[*student].enrollment,
                    mentor: candidate.mentor,
                    hour: candidate.hour_at(start, policy, week),
                }),
            }
        }
    }
    (placed, cut)
}

fn unseated(matching: &Matching, seekers: &[Seeker], weighed: &[Weighed], cut: &[Cut]) -> Vec<Unseated> {
    let left = matching.unplaced.iter().map(|unplaced| {
        let student = unplaced.student as usize;
        let why = match unplaced.reason {
            Reason::NoCandidate => weighed[student].why,
            Reason::NoOverlap => Why::NoOverlap,
            Reason::Capacity => Why::Capacity,
        };
        (student, why)
    });
    let left = left.chain(cut.iter().map(|(student, _)| (*student, Why::NoOverlap)));
    left.map(|(student, why)| Unseated { enrollment: seekers[student].enrollment, why }).collect()
}
