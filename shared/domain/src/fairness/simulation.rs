//! What the alarms do in schools made by chance: how often they are false, and how soon they find somebody.

use super::example::*;
use super::*;

/// How often the projects of an edition are passed, of a thousand times: from hard to easy.
const PROJECTS: [u64; 3] = [650, 800, 900];

/// A juror's defenses of different work; of a thousand not passed by others, `failing_per_mille` are not.
fn judges(
    by: u64,
    defenses: u64,
    editions: u64,
    failing_per_mille: u64,
    chance: &mut Seeded,
) -> Vec<JuryFact> {
    let one = |it| {
        let (edition, project) = (chance.below(editions), chance.below(3));
        let failing = (1_000 - PROJECTS[project as usize]) * failing_per_mille / 1_000;
        let mut fact = fact(by * 100_000 + it, by, it, !chance.happens(failing));
        fact.edition = format!("edition-{edition}").parse().expect("a slug");
        fact.project = format!("project-{project}").parse().expect("a slug");
        fact
    };
    (0..defenses).map(one).collect()
}

/// How many jurors have an alarm of either kind: over all, and lately.
fn alarmed(fairness: &Fairness) -> (usize, usize) {
    let of_jurors = |alarm: &&Alarm| matches!(alarm.group, Group::Juror(_));
    let drifts = |alarm: &&Alarm| alarm.kind == AlarmKind::Drift;
    let jurors = || fairness.alarms.iter().filter(of_jurors);
    (jurors().count() - jurors().filter(drifts).count(), jurors().filter(drifts).count())
}

#[test]
fn of_a_thousand_fair_jurors_few_are_suspected() {
    let mut chance = Seeded(1);
    let facts = (0..1_000).flat_map(|by| judges(by, 60, 10, 1_000, &mut chance));
    let fairness = Fairness::of(&gathered(facts));
    let (level, drift) = alarmed(&fairness);
    assert!(level <= 1, "{level}");
    assert!(drift <= 20, "{drift}");
    let editions = fairness.alarms.len() - level - drift;
    assert!(editions <= 1, "{editions}");
}

#[test]
fn in_a_small_school_few_are_suspected() {
    let mut chance = Seeded(2);
    let (mut level, mut drift) = (0, 0);
    for _ in 0..200 {
        let facts = gathered((0..5).flat_map(|by| judges(by, 60, 1, 1_000, &mut chance)));
        let (levels, drifts) = alarmed(&Fairness::of(&facts));
        level += levels;
        drift += drifts;
    }
    // Of a thousand jurors, five in each school.
    assert!(level <= 20, "{level}");
    assert!(drift <= 20, "{drift}");
}

/// Of forty jurors who judge so many defenses like others and then a hundred while failing twice as many, how
/// many are found over all, and how many lately.
fn found(fair_defenses: u64) -> (usize, usize) {
    let mut chance = Seeded(3);
    let others = Vec::from_iter((0..60).flat_map(|by| judges(by, 100, 3, 1_000, &mut chance)));
    let (mut over_all, mut lately) = (0, 0);
    for _ in 0..40 {
        let fair = judges(98, fair_defenses, 3, 1_000, &mut chance);
        let harsh = judges(99, 100, 3, 2_000, &mut chance);
        let own = fair.into_iter().chain(harsh).enumerate().map(|(it, fact)| JuryFact {
            juror: juror(99),
            decided_on: day(it as u64),
            ..fact
        });
        let fairness = Fairness::of(&gathered(others.iter().cloned().chain(own)));
        let mut standings = fairness.jurors.iter().filter(|it| it.group == Group::Juror(juror(99)));
        let standing = standings.next().expect("who judged");
        let strict = |compared: Compared| compared.difference_per_mille() < 0;
        over_all += usize::from(standing.level.is_some_and(|it| it.exceeds_chance && strict(it.compared)));
        lately += usize::from(standing.drift.is_some_and(strict));
    }
    (over_all, lately)
}

#[test]
fn who_fails_twice_as_many_is_found_within_a_hundred_defenses() {
    let (over_all, lately) = found(0);
    assert!(over_all >= 36 && lately >= 36, "{over_all} {lately}");
}

#[test]
fn who_begins_to_fail_twice_as_many_is_found_within_a_hundred_defenses() {
    let (over_all, lately) = found(200);
    assert!(lately >= 36, "{lately}");
    assert!(over_all < lately, "{over_all} {lately}");
}

#[test]
fn the_interval_of_ac1_holds_the_truth_in_19_of_20_tables() {
    let mut chance = Seeded(4);
    for (acquired, truth) in [(850, 826), (700, 597), (950, 947)] {
        for count in [10, 20, 50, 200] {
            let mut holds = || {
                let both = (0..count).filter(|_| chance.happens(acquired)).count() as u64;
                let words = Words { both, mentor_only: count - both, ..Words::default() };
                let ac1 = words.ac1().expect("enough");
                (ac1.low_per_mille..=ac1.high_per_mille).contains(&truth)
            };
            let held = (0..1_000).filter(|_| holds()).count();
            assert!(held >= 930, "{acquired} {count}: {held}");
        }
    }
}
