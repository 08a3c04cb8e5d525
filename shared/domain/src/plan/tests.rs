use std::ops::RangeInclusive;

use proptest::prelude::*;

use super::*;
use crate::catalog::fixture;
use crate::money::Currency;

const PRICE: Money = Money::minor(30_000, Currency::Gbp);

fn skills(numbers: RangeInclusive<u32>) -> Vec<SkillId> {
    numbers.map(|number| format!("skill-{number}").parse().expect("a slug")).collect()
}

fn plan(recognized_skills: &[SkillId], hours_per_week: u32) -> Plan {
    let wish = Wish { recognized_skills, hours_per_week };
    Plan::new(&fixture::prospectus(), PRICE, &wish).expect("a plan")
}

/// The explanation as a student reads it.
fn told(plan: &Plan) -> Vec<(String, String, String)> {
    let told = |line: &Line| {
        let reason = match &line.reason {
            Reason::NominalPath => "nominal path".into(),
            Reason::ProjectExempted { project, .. } => format!("{project} exempted"),
            Reason::ProjectShortened { project, skills } => format!("{project} less {}", skills.len()),
            Reason::Pace { hours_per_week, .. } => format!("{hours_per_week} hours"),
            Reason::StartedMonth => "started month".into(),
        };
        (reason, line.months.to_string(), line.amount.to_string())
    };
    plan.explanation.iter().map(told).collect()
}

fn check_told(plan: &Plan, expected: &[(&str, &str, &str)]) {
    let expected =
        expected.iter().map(|&(reason, months, amount)| (reason.into(), months.into(), amount.into()));
    assert_eq!(told(plan), Vec::from_iter(expected));
}

#[test]
fn months_and_totals_come_out_as_sold() {
    let check = |recognized: &[SkillId], hours_per_week, months: &str, total: &str| {
        let plan = plan(recognized, hours_per_week);
        assert_eq!((plan.months.to_string().as_str(), plan.total.to_string().as_str()), (months, total));
    };
    check(&[], 20, "12.0", "GBP 3,600.00");
    // Half the skills (S2), then two of the four of project 5, and one of all 24.
    check(&skills(1..=12), 20, "6.0", "GBP 1,800.00");
    check(&[skills(1..=12), skills(17..=18)].concat(), 20, "5.0", "GBP 1,500.00");
    check(&skills(1..=1), 20, "11.5", "GBP 3,600.00");
    check(&skills(1..=24), 20, "0.0", "GBP 0.00");
    // Twice the hours, half of them, the slowest.
    check(&[], 40, "6.0", "GBP 1,800.00");
    check(&[], 10, "24.0", "GBP 7,200.00");
    check(&[], 1, "240.0", "GBP 72,000.00");
    check(&[], 17, "14.12", "GBP 4,500.00");
}

#[test]
fn others_need_ten_months_or_fourteen() {
    let range = plan(&[], 20).range;
    assert_eq!((range.p10, range.p50, range.p90), (Months::whole(10), Months::whole(12), Months::whole(14)));
    let range = plan(&skills(1..=12), 20).range;
    assert_eq!((range.p10, range.p90), (Months::whole(5), Months::whole(7)));
}

#[test]
fn a_project_is_exempted_when_all_its_skills_are_recognized() {
    let plan = plan(&[skills(1..=12), skills(17..=18)].concat(), 20);
    let exempted = Vec::from_iter(plan.projects.iter().map(ProjectPlan::is_exempted));
    assert_eq!(exempted, [true, true, true, false, false, false]);
    assert_eq!(plan.projects[4].remaining, Months::whole(1));
    assert_eq!(plan.projects[4].skills, skills(19..=20));
}

#[test]
fn the_explanation_lists_each_reduction() {
    check_told(
        &plan(&[skills(1..=12), skills(17..=18)].concat(), 20),
        &[
            ("nominal path", "12.0", "GBP 3,600.00"),
            ("project-1 exempted", "-2.0", "GBP -600.00"),
            ("project-2 exempted", "-2.0", "GBP -600.00"),
            ("project-3 exempted", "-2.0", "GBP -600.00"),
            ("project-5 less 2", "-1.0", "GBP -300.00"),
        ],
    );
    check_told(
        &plan(&skills(1..=1), 20),
        &[
            ("nominal path", "12.0", "GBP 3,600.00"),
            ("project-1 less 1", "-0.5", "GBP -150.00"),
            ("started month", "0.0", "GBP 150.00"),
        ],
    );
    check_told(
        &plan(&[], 10),
        &[("nominal path", "12.0", "GBP 3,600.00"), ("10 hours", "12.0", "GBP 3,600.00")],
    );
}

#[test]
fn hours_that_nobody_studies_are_refused() {
    for hours_per_week in [0, 61, u32::MAX] {
        let wish = Wish { recognized_skills: &[], hours_per_week };
        let refused = Plan::new(&fixture::prospectus(), PRICE, &wish);
        assert_eq!(refused, Err(PlanError::HoursPerWeek));
    }
    assert_eq!(PlanError::HoursPerWeek.pointer(), "/hours_per_week");
}

#[test]
fn a_skill_of_another_edition_is_refused_by_its_place() {
    let recognized = [skills(1..=2), skills(25..=25)].concat();
    let wish = Wish { recognized_skills: &recognized, hours_per_week: 20 };
    let refused = Plan::new(&fixture::prospectus(), PRICE, &wish).expect_err("skill-25 is unknown");
    assert_eq!(refused.pointer(), "/recognized_skills/2");
    assert_eq!(refused.to_string(), "skill-25 is not a skill of this edition");
}

#[test]
fn a_plan_is_stored_and_read_back() {
    let plan = plan(&skills(1..=5), 13);
    let stored = serde_json::to_value(&plan).expect("stored");
    assert_eq!(stored["explanation"][1]["reason"], "project_exempted");
    assert_eq!(stored["explanation"][1]["months"], "-2.0");
    assert_eq!(stored["range"]["p50"], stored["months"]);
    assert_eq!(serde_json::from_value::<Plan>(stored).expect("read"), plan);
}

#[test]
fn a_project_of_three_skills_is_shared_to_the_hundredth() {
    let mut prospectus = fixture::prospectus();
    prospectus.projects[0].skills.pop();
    let wish = Wish { recognized_skills: &skills(1..=1), hours_per_week: 20 };
    let plan = Plan::new(&prospectus, PRICE, &wish).expect("a plan");
    assert_eq!(plan.projects[0].remaining, Months::hundredths(133));
}

/// Six projects of three skills each: skill 4, 8, ... belong to none.
fn of_three_skills() -> Prospectus {
    let mut prospectus = fixture::prospectus();
    for project in &mut prospectus.projects {
        project.skills.pop();
    }
    prospectus
}

#[test]
fn six_remainders_of_a_third_are_whole_months() {
    let recognized = Vec::from_iter(skills(1..=24).into_iter().enumerate().filter_map(|(index, skill)| {
        let left = index % 4 == 2;
        (!left).then_some(skill)
    }));
    let wish = Wish { recognized_skills: &recognized, hours_per_week: 20 };
    let plan = Plan::new(&of_three_skills(), PRICE, &wish).expect("a plan");
    assert!(plan.projects.iter().all(|project| project.remaining == Months::hundredths(67)));
    assert_eq!((plan.months, plan.total), (Months::whole(4), Money::minor(120_000, Currency::Gbp)));
    check_told(
        &plan,
        &[
            ("nominal path", "12.0", "GBP 3,600.00"),
            ("project-1 less 2", "-1.33", "GBP -399.00"),
            ("project-2 less 2", "-1.34", "GBP -402.00"),
            ("project-3 less 2", "-1.33", "GBP -399.00"),
            ("project-4 less 2", "-1.33", "GBP -399.00"),
            ("project-5 less 2", "-1.34", "GBP -402.00"),
            ("project-6 less 2", "-1.33", "GBP -399.00"),
        ],
    );
}

/// An edition whose projects have from one to four skills.
fn uneven() -> impl Strategy<Value = Prospectus> {
    prop::collection::vec(1_usize..=4, 6).prop_map(|counts| {
        let mut prospectus = fixture::prospectus();
        for (project, count) in prospectus.projects.iter_mut().zip(counts) {
            project.skills.truncate(count);
        }
        prospectus
    })
}

fn some_skills() -> impl Strategy<Value = Vec<SkillId>> {
    prop::sample::subsequence(skills(1..=24), 0..=24)
}

proptest! {
    /// Against a sum over the common denominator of halves, thirds and quarters.
    #[test]
    fn a_path_is_rounded_once(prospectus in uneven(), recognized in some_skills(), hours in HOURS_PER_WEEK) {
        let wish = Wish { recognized_skills: &recognized, hours_per_week: hours };
        let plan = Plan::new(&prospectus, PRICE, &wish).expect("a plan");
        let twelfths: u64 = prospectus.projects.iter().zip(&plan.projects).map(|(project, left)| {
            let (count, left) = (project.skills.len() as u64, left.skills.len() as u64);
            u64::from(project.nominal_months.as_hundredths()) * left * 12 / count
        }).sum();
        let (numerator, denominator) = (twelfths * 20, 12 * u64::from(hours));
        let expected = (2 * numerator + denominator) / (2 * denominator);
        prop_assert_eq!(u64::from(plan.months.as_hundredths()), expected);
        let months: i64 = plan.explanation.iter().map(|line| line.months.as_hundredths()).sum();
        prop_assert_eq!(months, i64::from(plan.months.as_hundredths()));
        let total = Money::sum(PRICE.currency, plan.explanation.iter().map(|line| line.amount));
        prop_assert_eq!(total, Ok(plan.total));
    }

    #[test]
    fn the_lines_sum_to_the_plan(recognized in some_skills(), hours in HOURS_PER_WEEK, minor in 1_i64..1_000_000) {
        let price = Money::minor(minor, Currency::Gbp);
        let wish = Wish { recognized_skills: &recognized, hours_per_week: hours };
        let plan = Plan::new(&fixture::prospectus(), price, &wish).expect("a plan");
        let months: i64 = plan.explanation.iter().map(|line| line.months.as_hundredths()).sum();
        prop_assert_eq!(months, i64::from(plan.months.as_hundredths()));
        let total = Money::sum(price.currency, plan.explanation.iter().map(|line| line.amount));
        prop_assert_eq!(total, Ok(plan.total));
    }

    #[test]
    fn one_more_recognized_skill_never_costs_more(recognized in some_skills(), more in 1_u32..=24, hours in HOURS_PER_WEEK) {
        let before = plan(&recognized, hours);
        let after = plan(&[recognized, skills(more..=more)].concat(), hours);
        prop_assert!(after.months <= before.months);
        prop_assert!(after.total.amount_minor <= before.total.amount_minor);
        prop_assert!(after.range.p10 <= after.range.p50 && after.range.p50 <= after.range.p90);
    }

    #[test]
    fn every_skill_is_recognized_or_defended(recognized in some_skills()) {
        let plan = plan(&recognized, 20);
        let defended = plan.projects.iter().flat_map(|project| project.skills.iter().cloned());
        let mut all = Vec::from_iter(recognized.into_iter().chain(defended));
        all.sort();
        let mut expected = skills(1..=24);
        expected.sort();
        prop_assert_eq!(all, expected);
    }
}
