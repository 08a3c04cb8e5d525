use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::catalog::fixture::{self, text, word};
use crate::catalog::{Accreditation, Course, DemandSignal, PriceList, Skill, VariantState};
use crate::money::{Currency, Money};
use crate::months::Months;

/// Changes a right catalog and compares every fault, by path and reason.
fn check(change: impl FnOnce(&mut Catalog), expected: &[(&str, Reason)]) {
    let mut catalog = fixture::catalog();
    change(&mut catalog);
    let found = catalog.check();
    let expected = Vec::from_iter(
        expected.iter().cloned().map(|(path, reason)| CatalogError { path: path.into(), reason }),
    );
    assert_eq!(found, expected);
}

fn skill(number: u32) -> SkillId {
    word(&format!("skill-{number}"))
}

fn unknown(kind: Kind, id: &str) -> Reason {
    Reason::Unknown { kind, id: id.into() }
}

fn out_of_range(expected: &str) -> Reason {
    Reason::OutOfRange { expected: expected.into() }
}

#[test]
fn nothing_is_wrong_with_a_right_catalog() {
    check(|_| {}, &[]);
}

#[test]
fn an_edition_of_14_or_31_courses_is_not_published() {
    check(
        |catalog| catalog.editions[0].courses.truncate(14),
        &[("/editions/0/courses", Reason::CourseCount { found: 14 })],
    );
    check(|catalog| catalog.editions[0].courses.truncate(15), &[]);
    for (more, faults) in
        [(10, vec![]), (11, vec![("/editions/0/courses", Reason::CourseCount { found: 31 })])]
    {
        check(|catalog| add_courses(catalog, more), &faults);
    }
}

fn add_courses(catalog: &mut Catalog, more: usize) {
    for number in 0..more {
        let id = word(&format!("extra-{number}"));
        catalog.editions[0].courses.push(CourseRef { id, version: 1 });
        let id = word(&format!("extra-{number}"));
        catalog.courses.push(Course { id, ..catalog.courses[0].clone() });
    }
}

#[test]
fn a_draft_may_be_half_finished() {
    check(
        |catalog| {
            catalog.editions[0].state = EditionState::Draft;
            catalog.editions[0].courses.clear();
            catalog.editions[0].projects.clear();
            catalog.accreditations.clear();
            catalog.prices.clear();
        },
        &[],
    );
}

#[test]
fn the_gate_tells_an_author_what_a_draft_still_lacks() {
    let catalog = fixture::catalog();
    let mut draft = catalog.editions[0].clone();
    draft.state = EditionState::Draft;
    assert_eq!(catalog.publish_gate(&draft), []);
    draft.courses.clear();
    let fault = CatalogError { path: "/courses".into(), reason: Reason::CourseCount { found: 0 } };
    assert_eq!(catalog.publish_gate(&draft), [fault]);
}

#[test]
fn an_edition_has_exactly_the_projects_its_degree_says() {
    check(
        |catalog| catalog.degrees[0].project_count = 5,
        &[("/editions/0/projects", Reason::ProjectCount { found: 6, expected: 5 })],
    );
    let lost = |number| Reason::SkillWithoutProject { skill: skill(number) };
    check(
        |catalog| _ = catalog.editions[0].projects.pop(),
        &[
            ("/editions/0/projects", Reason::ProjectCount { found: 5, expected: 6 }),
            ("/editions/0/skills/20", lost(21)),
            ("/editions/0/skills/21", lost(22)),
            ("/editions/0/skills/22", lost(23)),
            ("/editions/0/skills/23", lost(24)),
        ],
    );
}

#[test]
fn projects_judge_no_skill_that_the_edition_does_not_list() {
    check(
        |catalog| catalog.editions[0].skills.truncate(22),
        &[("/editions/0/projects/5", Reason::SkillsOutsideEdition { skills: vec![skill(23), skill(24)] })],
    );
}

#[test]
fn a_skill_is_judged_by_one_project() {
    check(
        |catalog| {
            let judged = catalog.projects[0].clone();
            let second = &mut catalog.projects[1];
            second.skills.push(judged.skills[0].clone());
            second.criteria.push(judged.criteria[0].clone());
        },
        &[("/editions/0/projects/1", Reason::SkillsJudgedBefore { skills: vec![skill(1)] })],
    );
}

#[test]
fn essential_skills_that_are_missing_are_listed() {
    check(
        |catalog| {
            for id in ["typescript", "javascript"] {
                catalog.skills.push(Skill { id: word(id), label: text(id), esco: None });
                catalog.demand.push(DemandSignal { skill: word(id), ..catalog.demand[0].clone() });
            }
        },
        &[(
            "/editions/0/skills",
            Reason::MissingSkills { skills: vec![word("javascript"), word("typescript")] },
        )],
    );
}

#[test]
fn a_published_edition_can_be_invoiced() {
    check(
        |catalog| catalog.prices[0].monthly.currency = Currency::Eur,
        &[("/prices/0/monthly/currency", Reason::OtherCurrency { expected: Currency::Gbp })],
    );
    check(
        |catalog| {
            catalog.prices[0].market = word("ES");
            catalog.editions[0].market = word("ES");
            catalog.demand.clear();
        },
        &[("/editions/0/market", Reason::NoIssuer)],
    );
}

#[test]
fn a_published_edition_needs_an_accreditation_a_price_and_a_language() {
    check(|catalog| catalog.accreditations.clear(), &[("/editions/0", Reason::NoAccreditation)]);
    check(|catalog| catalog.prices.clear(), &[("/editions/0/market", Reason::NoPrice)]);
    check(
        |catalog| catalog.editions[0].languages[0].state = VariantState::Draft,
        &[("/editions/0/languages", Reason::NoLanguage)],
    );
}

#[test]
fn a_published_language_needs_every_text() {
    let fault = |language| Reason::NoText { language: word(language) };
    check(
        |catalog| catalog.projects[2].criteria[1].text = text(" "),
        &[("/projects/2/criteria/1/text", fault("en"))],
    );
    let mut catalog = fixture::catalog();
    catalog.editions[0].languages[1].state = VariantState::Published;
    let faults = catalog.check();
    assert!(faults.iter().all(|found| found.reason == fault("es")));
    // The degree, 24 skills, 20 courses, and 6 projects with title, brief and 4 criteria.
    assert_eq!(faults.len(), 1 + 24 + 20 + 6 * 6);
}

#[test]
fn words_that_name_nothing_are_refused() {
    check(|c| c.courses[3].partner = Some(word("x")), &[("/courses/3/partner", unknown(Kind::Partner, "x"))]);
    check(|c| c.demand[0].degree = word("x"), &[("/demand/0/degree", unknown(Kind::Degree, "x"))]);
    check(
        |c| c.editions[0].courses[1].version = 2,
        &[("/editions/0/courses/1", unknown(Kind::Course, "course-2@2"))],
    );
    check(
        |c| c.editions[0].partners.push(word("x")),
        &[("/editions/0/partners/1", unknown(Kind::Partner, "x"))],
    );
    check(
        |c| c.recognitions[28].degree = word("x"),
        &[("/recognitions/28/degree", unknown(Kind::Degree, "x"))],
    );
    check(
        |c| c.accreditations.push(Accreditation { edition: word("x"), ..c.accreditations[0].clone() }),
        &[("/accreditations/1/edition", unknown(Kind::Edition, "x"))],
    );
    check(
        |c| c.projects[0].criteria[0].skill = skill(24),
        &[
            ("/projects/0/criteria/0/skill", Reason::SkillOutsideProject { skill: skill(24) }),
            ("/projects/0/criteria", Reason::NoCriterion { skill: skill(1) }),
        ],
    );
}

#[test]
fn words_name_one_thing() {
    let twice = |id: &str, first: &str| Reason::Duplicate { id: id.into(), first: first.into() };
    check(|c| c.degrees.push(c.degrees[0].clone()), &[("/degrees/1", twice("web", "/degrees/0"))]);
    check(|c| c.skills.push(c.skills[2].clone()), &[("/skills/24", twice("skill-3", "/skills/2"))]);
    check(|c| c.courses.push(c.courses[0].clone()), &[("/courses/20", twice("course-1@1", "/courses/0"))]);
    check(|c| c.courses.push(Course { version: 2, ..c.courses[0].clone() }), &[]);
    check(|c| c.policies.push(c.policies[0].clone()), &[("/policies/1", twice("2026-01-01", "/policies/0"))]);
    check(
        |c| c.editions[0].skills.push(skill(1)),
        &[("/editions/0/skills/24", twice("skill-1", "/editions/0/skills/0"))],
    );
}

#[test]
fn numbers_keep_to_their_range() {
    check(|c| c.courses[0].hours = 0, &[("/courses/0/hours", out_of_range("1 or more"))]);
    check(
        |c| c.accreditations[0].eqf_level = 9,
        &[("/accreditations/0/eqf_level", out_of_range("a level from 1 to 8"))],
    );
    check(
        |c| c.editions[0].nominal_hours_per_week = 0,
        &[("/editions/0/nominal_hours_per_week", out_of_range("1 to 60"))],
    );
    check(
        |c| c.projects[0].nominal_months = Months::ZERO,
        &[("/projects/0/nominal_months", out_of_range("more than 0.0"))],
    );
    check(
        |c| c.projects[0].nominal_months = Months::whole(20),
        &[(
            "/editions/0/projects",
            out_of_range("projects that take at most 600.0 months at one hour a week"),
        )],
    );
    check(
        |c| c.policies[0].recording_share_percent.value = 101,
        &[("/policies/0/recording_share_percent/value", out_of_range("a number that can be kept"))],
    );
    check(|c| c.policies.clear(), &[("/policies", Reason::Empty)]);
}

fn prices(catalog: &mut Catalog, validities: &[Validity]) {
    let first = catalog.prices[0].clone();
    let listed = (1..).zip(validities).map(|(version, &valid)| PriceList { version, valid, ..first.clone() });
    catalog.prices = listed.collect();
}

#[test]
fn prices_that_overlap_are_refused_with_both_ranges() {
    let first = Validity { from: date(2026, 1, 1), until: Some(date(2027, 1, 1)) };
    let second = Validity { from: date(2026, 12, 31), until: None };
    check(
        |catalog| prices(catalog, &[first, second]),
        &[("/prices/1/valid", Reason::PricesOverlap { first, first_version: 1, second })],
    );
    let next = Validity { from: date(2027, 1, 1), until: None };
    check(|catalog| prices(catalog, &[first, next]), &[]);
    let (from, until) = (date(2027, 1, 1), date(2026, 1, 1));
    check(
        |catalog| prices(catalog, &[Validity { from, until: Some(until) }]),
        &[("/prices/0/valid", Reason::EndsBeforeItStarts { from, until })],
    );
}

#[test]
fn a_market_is_billed_in_one_currency() {
    let (found, expected) = (Currency::Eur, Currency::Gbp);
    check(
        |catalog| {
            catalog.prices[0].valid.until = Some(date(2027, 1, 1));
            catalog.prices.push(PriceList {
                version: 2,
                valid: Validity { from: date(2027, 1, 1), until: None },
                monthly: Money::minor(30_000, Currency::Eur),
                ..catalog.prices[0].clone()
            });
        },
        &[("/prices/1/monthly/currency", Reason::Currency { found, expected })],
    );
}

#[test]
fn a_fault_reads_as_a_sentence() {
    let mut catalog = fixture::catalog();
    catalog.editions[0].courses.truncate(14);
    let found = catalog.check();
    let expected = "/editions/0/courses: 14 courses, where an edition has 15 to 30";
    assert_eq!(found[0].to_string(), expected);
}

proptest! {
    /// Whatever dates are written: a catalog that passes quotes at most one price a day.
    #[test]
    fn a_checked_market_has_one_price_a_day(dates in prop::collection::vec((1_i16..60, prop::option::of(1_i16..60)), 1..5)) {
        let day = |n: i16| date(2026, 1, 1).saturating_add(jiff::Span::new().days(n));
        let validities = Vec::from_iter(
            dates.iter().map(|&(from, until)| Validity { from: day(from), until: until.map(day) }),
        );
        let mut catalog = fixture::catalog();
        prices(&mut catalog, &validities);
        let crowded = (0..=60).map(day).any(|date| validities.iter().filter(|valid| valid.covers(date)).count() > 1);
        let empty = validities.iter().any(Validity::is_empty);
        prop_assert_eq!(!catalog.check().is_empty(), crowded || empty);
    }

    /// Leaving anything out of the edition's lists is noticed, and nothing panics.
    #[test]
    fn whatever_an_author_forgets_is_noticed(courses in 0_usize..=20, projects in 0_usize..=6, skills in 0_usize..=24) {
        let mut catalog = fixture::catalog();
        let edition = &mut catalog.editions[0];
        edition.courses.truncate(courses);
        edition.projects.truncate(projects);
        edition.skills.truncate(skills);
        let complete = courses >= 15 && projects == 6 && skills == 24;
        prop_assert_eq!(catalog.check().is_empty(), complete);
    }
}
