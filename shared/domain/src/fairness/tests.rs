use proptest::prelude::*;

use super::chance::Spread;
use super::example::*;
use super::*;
use crate::defense::Overall;

fn words(both: u64, mentor_only: u64, juror_only: u64, neither: u64) -> Words {
    Words { both, mentor_only, juror_only, neither, if_uploaded: 0 }
}

#[test]
fn of_fewer_than_ten_no_share_is_said() {
    let tally = |defenses| Tally { defenses, passed: 5, ..Tally::default() };
    assert_eq!(tally(9).pass_share(), None);
    assert!(tally(10).pass_share().is_some());
    assert_eq!(words(9, 0, 0, 0).share(), None);
    assert_eq!(words(9, 0, 0, 0).ac1(), None);
    assert_eq!(words(3, 2, 2, 2).kappa(), None);
    assert!(Fairness::of(&JuryFacts::default()).control_limits(10).is_none());
}

#[test]
fn a_share_has_wilsons_interval() {
    let check = |hits, of, expected: (u64, u64, u64)| {
        let share = chance::wilson(hits, of);
        assert_eq!((share.per_mille, share.low_per_mille, share.high_per_mille), expected, "{hits} of {of}");
    };
    // The first two as Newcombe (1998) has them.
    check(81, 263, (308, 255, 366));
    check(15, 148, (101, 62, 160));
    check(0, 10, (0, 0, 278));
    check(10, 10, (1000, 722, 1000));
    check(90_000, 100_000, (900, 898, 902));
}

#[test]
fn agreement_beyond_chance_is_as_published() {
    // Gwet (2002): agreement in 118 of 125, and a kappa below zero.
    let skewed = words(118, 5, 2, 0);
    assert_eq!(skewed.ac1().map(|it| it.per_mille), Some(941));
    assert_eq!(skewed.kappa().map(|it| it.per_mille), Some(-23));
    let even = words(20, 5, 10, 15).kappa().expect("enough");
    assert_eq!((even.per_mille, even.low_per_mille, even.high_per_mille), (400, 138, 631));
}

#[test]
fn kappa_is_not_said_of_a_single_word() {
    for single in [words(40, 10, 0, 0), words(0, 0, 10, 40), words(40, 0, 10, 0), words(50, 0, 0, 0)] {
        assert_eq!(single.kappa(), None, "{single:?}");
        assert!(single.ac1().is_some());
    }
}

#[test]
fn ten_of_ten_agreed_are_no_proof() {
    let ac1 = words(10, 0, 0, 0).ac1().expect("enough");
    assert_eq!(ac1.per_mille, 1_000);
    assert!(ac1.low_per_mille < 750, "{ac1:?}");
}

#[test]
fn a_condition_is_a_word_of_its_own() {
    let conditional = |number| {
        let mut fact = fact(number, 1, number, true);
        fact.outcome = Overall::Conditional;
        fact.pairs[0].juror = JurorWord::IfUploaded;
        fact
    };
    let fairness = Fairness::of(&gathered((0..4).map(conditional).chain(judged(2, 5, 1))));
    let expected = Tally { defenses: 10, passed: 5, conditional: 4, failed: 1, ..Tally::default() };
    assert_eq!(fairness.school, expected);
    assert_eq!(fairness.criteria[0].words, Words { if_uploaded: 4, ..words(5, 5, 0, 0) });
}

#[test]
fn a_criterion_is_its_projects_own() {
    let mut other = fact(1, 1, 1, true);
    other.project = "api".parse().expect("a slug");
    let criteria = Fairness::of(&gathered([fact(0, 1, 0, true), other])).criteria;
    let projects = Vec::from_iter(criteria.iter().map(|it| it.project.as_str()));
    assert_eq!(projects, ["api", "portfolio-site"]);
}

#[test]
fn chance_is_counted_exactly() {
    // The lady who tastes four cups of eight, all right: once in seventy, either way once in 35.
    assert_eq!(Spread::zero().with(4, 8, 4).two_sided_per_million(4), 28_572);
    assert_eq!(Spread::zero().with(4, 8, 4).two_sided_per_million(2), 1_000_000);
    // Twice: once in 4,900.
    assert_eq!(Spread::zero().with(4, 8, 4).with(4, 8, 4).two_sided_per_million(8), 409);
    assert_eq!(Spread::zero().with(5, 9, 9).two_sided_per_million(5), 1_000_000);
    // Beyond what is kept of the tails.
    assert_eq!(Spread::zero().with(10_000, 20_000, 10_000).two_sided_per_million(10_000), 1);
}

fn said(facts: impl IntoIterator<Item = JuryFact>) -> Vec<String> {
    let alarms = Fairness::of(&gathered(facts)).alarms;
    alarms.iter().map(|it| it.to_string().replace(&juror(1).to_string(), "J")).collect()
}

#[test]
fn an_alarm_says_what_how_far_since_when_and_on_how_many() {
    let others = || spread(2, 157, 43).chain(spread(3, 160, 40));
    let level = "juror J: 31 of 61 defenses since 2027-01-04 were passed, 50.8 %; as the others judge the \
                 same projects and editions it would be 79.3 %. That is 28.5 of a hundred fewer, and chance \
                 alone goes so far in 12 of a million cases at most.";
    assert_eq!(said(others().chain(spread(1, 31, 30))), [level]);
    let lately = (0..12).map(|it| fact(900_000 + it, 1, 300 + it, false));
    let drift = "juror J, lately: 0 of 12 defenses since 2027-10-31 were passed, 0 %; as the others judge \
                 the same projects and editions it would be 79.3 %. That is 79.3 of a hundred fewer.";
    assert_eq!(said(others().chain(spread(1, 80, 20)).chain(lately)), [drift]);
}

#[test]
fn of_three_the_one_who_differs_is_found() {
    let alarms = said(spread(1, 24, 36).chain(spread(2, 80, 20)).chain(spread(3, 80, 20)));
    assert!(matches!(alarms.as_slice(), [one] if one.starts_with("juror J: 24 of 60")), "{alarms:?}");
}

#[test]
fn of_two_nobody_can_say_which() {
    let alarms = Fairness::of(&gathered(spread(1, 24, 36).chain(spread(2, 93, 17)))).alarms;
    let jurors = std::collections::BTreeSet::from_iter(alarms.iter().filter_map(Alarm::juror));
    assert_eq!(jurors, [juror(1), juror(2)].into());
    assert!(alarms.iter().any(Alarm::is_strict) && !alarms.iter().all(Alarm::is_strict));
}

#[test]
fn what_one_juror_does_is_not_said_of_an_edition() {
    let elsewhere = |mut fact: JuryFact| {
        fact.edition = "web-es".parse().expect("a slug");
        fact
    };
    let spain = (2..5).flat_map(|by| spread(by, 80, 20)).chain(spread(1, 20, 80)).map(elsewhere);
    let alarms = said(spain.chain((5..8).flat_map(|by| spread(by, 80, 20))));
    assert!(matches!(alarms.as_slice(), [one] if one.starts_with("juror J: 20 of 100")), "{alarms:?}");
}

#[test]
fn whoever_judges_the_hard_project_is_not_blamed() {
    let hard = |mut fact: JuryFact| {
        fact.project = "compiler".parse().expect("a slug");
        fact
    };
    let easy = spread(2, 95, 5).chain(spread(3, 95, 5));
    let hard = spread(1, 30, 30).chain(spread(4, 50, 50)).map(hard);
    let fairness = Fairness::of(&gathered(easy.chain(hard)));
    assert_eq!(fairness.alarms, []);
    let level = fairness.jurors.iter().find(|it| it.group == Group::Juror(juror(1))).and_then(|it| it.level);
    assert_eq!(level.map(|it| it.compared.difference_per_mille()), Some(0));
}

#[test]
fn nothing_is_said_where_too_few_others_judged_the_same() {
    let check = |own, others, said| {
        let facts = gathered(spread(1, 0, own).chain(spread(2, others, 0)));
        let standing = Fairness::of(&facts).jurors.into_iter().find(|it| it.group == Group::Juror(juror(1)));
        let standing = standing.expect("one who judged");
        assert_eq!(standing.level.is_some(), said, "{own} beside {others}");
    };
    check(9, 100, false);
    check(10, 19, false);
    check(10, 20, true);
}

#[test]
fn a_difference_that_nobody_notices_is_no_alarm() {
    let facts = gathered(spread(1, 7_700, 2_300).chain(spread(2, 8_000, 2_000)));
    let fairness = Fairness::of(&facts);
    let level = fairness.jurors[0].level.expect("enough");
    assert!(level.chance_per_million < 10);
    assert_eq!(fairness.alarms, []);
}

fn drifts(facts: Vec<JuryFact>) -> Vec<Compared> {
    Fairness::of(&gathered(facts)).jurors.into_iter().filter_map(|it| it.drift).collect()
}

#[test]
fn a_drift_begins_with_the_first_defense_that_speaks_for_it() {
    let mut facts = Vec::from_iter(spread(2, 800, 200).chain(spread(1, 160, 40)));
    assert_eq!(drifts(facts.clone()), []);
    facts.extend((0..12).map(|it| fact(900_000 + it, 1, 300 + it, false)));
    let found = drifts(facts);
    let [drift] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((drift.since, drift.defenses, drift.passed), (day(300), 12, 0));
}

#[test]
fn who_judges_like_the_others_again_comes_down() {
    let harsh = Vec::from_iter(spread(2, 800, 200).chain(judged(1, 0, 30)));
    assert_eq!(drifts(harsh.clone()).len(), 1);
    let after = (0..150).map(|it| fact(900_000 + it, 1, 100 + it, it % 5 > 0));
    assert_eq!(drifts(harsh.into_iter().chain(after).collect()), []);
}

#[test]
fn nobody_is_watched_against_fewer_defenses_than_their_own() {
    let facts = Vec::from_iter(spread(1, 0, 25).chain(spread(2, 80, 20)));
    let groups = Fairness::of(&gathered(facts)).jurors.into_iter().filter(|it| it.drift.is_some());
    assert_eq!(Vec::from_iter(groups.map(|it| it.group)), [Group::Juror(juror(1))]);
}

#[test]
fn more_than_can_be_compared_are_refused() {
    let mut facts = gathered((0..FACTS_MAX as u64).map(|it| fact(it, 1, 0, true)));
    assert_eq!(facts.add(fact(0, 1, 0, true)), Ok(()), "known already");
    assert_eq!(facts.add(fact(FACTS_MAX as u64, 1, 0, true)), Err(TooManyFacts));
}

/// Facts of a small school, which differ in everything.
fn facts() -> impl Strategy<Value = Vec<JuryFact>> {
    let one = (0..200_u64, 0..4_u64, 0..30_u64, 0..3_u8, 0..3_u8, any::<bool>());
    let made = |(number, by, on, outcome, appeal, other): (u64, u64, u64, u8, u8, bool)| {
        let mut fact = fact(number, by, on, outcome == 0);
        fact.outcome = [Overall::Passed, Overall::Conditional, Overall::Failed][usize::from(outcome)];
        fact.appeal = [None, Some(AppealEnd::Upheld), Some(AppealEnd::Overturned)][usize::from(appeal)];
        if other {
            fact.edition = "web-es".parse().expect("a slug");
            fact.market = "ES".parse().expect("a country");
        }
        fact
    };
    prop::collection::vec(one.prop_map(made), 0..300)
}

proptest! {
    #[test]
    fn the_order_of_facts_changes_nothing(
        (given, shuffled) in facts().prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle())),
    ) {
        prop_assert_eq!(Fairness::of(&gathered(given)), Fairness::of(&gathered(shuffled)));
    }

    #[test]
    fn parts_merge_to_the_whole(all in facts(), cut in 0..300_usize) {
        let (one, two) = all.split_at(cut.min(all.len()));
        let mut merged = gathered(two.to_vec());
        merged.merge(gathered(one.to_vec())).expect("few");
        merged.merge(gathered(one.to_vec())).expect("few");
        prop_assert_eq!(merged, gathered(all));
    }

    #[test]
    fn counts_of_different_defenses_add_up(all in facts()) {
        let whole = gathered(all);
        let part = |odd: bool| {
            let mine = whole.iter().filter(|fact| (fact.defense.uuid().as_u128() % 2 == 1) == odd);
            Fairness::of(&gathered(mine.cloned()))
        };
        let (one, two, both) = (part(true), part(false), Fairness::of(&whole));
        prop_assert_eq!(one.school + two.school, both.school);
        let sum = |it: &Fairness| it.criteria.iter().fold(words(0, 0, 0, 0), |sum, it| sum + it.words);
        prop_assert_eq!(sum(&one) + sum(&two), sum(&both));
        for family in [&both.jurors, &both.editions, &both.markets] {
            prop_assert_eq!(family.iter().map(|it| it.tally).sum::<Tally>(), both.school);
        }
    }

    #[test]
    fn an_interval_holds_what_it_is_of(
        both in 0..200_u64, mentor in 0..50_u64, juror in 0..50_u64, neither in 0..50_u64,
    ) {
        let words = words(both, mentor, juror, neither);
        let measures = [words.ac1(), words.kappa()];
        for it in measures.into_iter().flatten() {
            prop_assert!((-1_000..=it.per_mille).contains(&it.low_per_mille), "{it:?}");
            prop_assert!((it.per_mille..=1_000).contains(&it.high_per_mille), "{it:?}");
        }
        if let Some(it) = words.share() {
            prop_assert!((it.low_per_mille..=it.high_per_mille).contains(&it.per_mille), "{it:?}");
            prop_assert!(it.high_per_mille <= 1_000, "{it:?}");
        }
    }

    #[test]
    fn chance_agrees_with_counting(
        own in 1..7_u64, other in 1..7_u64, passes in 0..4096_u64, seen in 0..7_u64,
    ) {
        // Every way in which `own` of the defenses can be somebody's, one by one.
        let all = own + other;
        let passed_of = |mask: u64| u64::from((mask & passes).count_ones());
        let masks = (0..1_u64 << all).filter(|mask| u64::from(mask.count_ones()) == own);
        let ways = Vec::from_iter(masks.map(passed_of));
        let share = |holds: fn(&u64, &u64) -> bool| {
            ways.iter().filter(|it| holds(it, &seen)).count() as f64 / ways.len() as f64
        };
        let expected = (2e6 * f64::min(share(u64::le), share(u64::ge))).min(1e6);
        let passed = u64::from((passes & ((1 << all) - 1)).count_ones());
        let counted = Spread::zero().with(own, all, passed).two_sided_per_million(seen);
        prop_assert!((counted as f64 - expected).abs() <= 1.5, "{counted} {expected}");
    }
}
