//! All jurors, all editions or all markets beside each other.
//!
//! Who judges unlike the others makes the others look unlike, too: of three jurors one strict one makes two
//! mild ones. Whoever is farthest off is therefore set aside as found, and the rest are compared again
//! without them.

use super::alarm::farthest_per_mille;
use super::compare::Standing;
use super::fact::JuryFacts;
use super::others::{Kind, Member, Works, members};
use crate::id::PersonId;

/// How often somebody is set aside.
const ROUNDS_MAX: usize = 20;

/// Of those whose level is said to exceed chance, how many may be chance after all, in millionths.
const FALSE_PER_MILLION: u64 = 50_000;

/// How each group of a kind stands, by its name. What `without` judged is counted, and not compared.
pub(super) fn standings(facts: &JuryFacts, kind: Kind, without: &[PersonId]) -> Vec<Standing> {
    let mut open = members(facts, kind, without);
    let mut all = Works::sum(&open);
    let mut standings = Vec::from_iter(open.iter().map(|member| member.beside(&all)));
    let mut found = Vec::new();
    for _ in 0..ROUNDS_MAX {
        mark(&mut standings);
        let farthest = standings.iter().map(farthest_per_mille).max().unwrap_or(0);
        if farthest == 0 {
            break;
        }
        let (aside, rest): (Vec<_>, Vec<_>) =
            open.into_iter().zip(standings).partition(|(_, it)| farthest_per_mille(it) == farthest);
        for (member, standing) in aside {
            all.leave_out(&member);
            found.push(standing);
        }
        (open, standings) = rest.into_iter().map(|(member, before)| again(member, before, &all)).unzip();
    }
    mark(&mut standings);
    found.extend(standings);
    found.sort_unstable_by(|one, other| one.group.cmp(&other.group));
    found
}

/// Compares a group once more. Where too few others are left it stands as before: which of two is off, nobody
/// can say without a third.
fn again<'a>(member: Member<'a>, before: Standing, all: &Works<'a>) -> (Member<'a>, Standing) {
    let now = member.beside(all);
    let standing = if now.level.is_some() { now } else { before };
    (member, standing)
}

/// Says which levels exceed chance. That many are compared at once is made up for by Benjamini and Hochberg's
/// rule: of those said to, one in twenty is chance, on average and at most.
fn mark(standings: &mut [Standing]) {
    let mut chances = Vec::from_iter(standings.iter().filter_map(|it| Some(it.level?.chance_per_million)));
    chances.sort_unstable();
    let compared = chances.len() as u64;
    let holds =
        |(rank, chance): (u64, u64)| (chance * compared <= rank * FALSE_PER_MILLION).then_some(chance);
    let bound = (1..).zip(chances).filter_map(holds).last().unwrap_or(0);
    for level in standings.iter_mut().filter_map(|it| it.level.as_mut()) {
        level.exceeds_chance = level.chance_per_million <= bound;
    }
}
