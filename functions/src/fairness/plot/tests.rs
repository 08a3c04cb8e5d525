use domain::assessment::Met;
use domain::defense::Overall;
use domain::fairness::{JurorWord, JuryFact, JuryFacts, Pair};
use domain::id::{DefenseId, PersonId};
use jiff::ToSpan;
use jiff::civil::date;

use super::*;

/// How a juror judges: so many defenses, of which so many of a thousand are passed, evenly spread.
struct Judge {
    defenses: u64,
    passed_per_mille: u64,
}

fn drawn(judges: &[Judge], criteria: &[&str]) -> String {
    let facts = (0..).zip(judges).flat_map(|(by, judge)| {
        (0..judge.defenses).map(move |it| fact(by, it, judge.passed_per_mille, criteria))
    });
    let facts = JuryFacts::of(facts).expect("not too many");
    draw(&Fairness::of(&facts)).expect("a plot")
}

fn fact(by: u64, it: u64, passed_per_mille: u64, criteria: &[&str]) -> JuryFact {
    let passed = (it + 1) * passed_per_mille / 1_000 > it * passed_per_mille / 1_000;
    let (outcome, juror) =
        if passed { (Overall::Passed, JurorWord::Acquired) } else { (Overall::Failed, JurorWord::NotYet) };
    let pair = |criterion: &&str| Pair {
        criterion: criterion.parse().expect("a slug"),
        mentor: Met::Acquired,
        juror,
    };
    JuryFact {
        defense: DefenseId::derived(&[&by.to_string(), &it.to_string()]),
        decided_on: date(2027, 1, 4).saturating_add(i64::try_from(it).expect("a day").days()),
        juror: PersonId::derived(&["juror", &by.to_string()]),
        mentor: PersonId::derived(&["mentor"]),
        edition: "web-gb".parse().expect("a slug"),
        market: "GB".parse().expect("a country"),
        project: "portfolio-site".parse().expect("a slug"),
        outcome,
        pairs: criteria.iter().map(pair).collect(),
        appeal: None,
    }
}

fn short(by: u64) -> String {
    PersonId::derived(&["juror", &by.to_string()]).uuid().simple().to_string()[..8].to_owned()
}

const ALIKE: Judge = Judge { defenses: 100, passed_per_mille: 800 };

#[test]
fn whoever_differs_is_named_in_the_chart_and_below() {
    let svg = drawn(&[ALIKE, ALIKE, Judge { defenses: 60, passed_per_mille: 400 }], &["responsive"]);
    assert!(svg.matches(&short(2)).count() >= 2, "{svg}");
    assert!(svg.contains("1 juror differs from the others by more than chance."), "{svg}");
    assert!(!svg.contains(&short(0)), "{svg}");
    assert!(svg.contains(">\nresponsive\n<"), "{svg}");
}

#[test]
fn where_there_are_too_few_it_says_so() {
    for judges in [&[][..], &[Judge { defenses: 5, passed_per_mille: 800 }], &[ALIKE]] {
        let svg = drawn(judges, &[]);
        assert!(svg.contains("Too few defenses to compare"), "{svg}");
        assert!(svg.contains("No criterion was judged 10 times yet."), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    }
}

#[test]
fn long_words_are_cut() {
    let svg = drawn(&[ALIKE], &[&"w".repeat(60)]);
    assert!(svg.contains(&format!("{}…", "w".repeat(23))) && !svg.contains(&"w".repeat(24)));
}

#[test]
fn the_extremes_are_drawn() {
    for passed_per_mille in [0, 1_000] {
        let one = Judge { defenses: 40_000, passed_per_mille };
        let other = Judge { defenses: 20, passed_per_mille: 1_000 - passed_per_mille };
        let svg = drawn(&[one, other], &["responsive"]);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{passed_per_mille}: {svg}");
    }
}

#[test]
fn the_same_facts_are_drawn_the_same() {
    assert_eq!(drawn(&[ALIKE, ALIKE], &["responsive"]), drawn(&[ALIKE, ALIKE], &["responsive"]));
}
