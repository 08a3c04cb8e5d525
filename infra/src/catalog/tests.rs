use domain::catalog::{Prospectus, production_cost};
use domain::id::SkillId;
use domain::money::{Currency, Money};
use domain::plan::{Plan, Wish};
use jiff::civil::date;

use super::*;

/// The sample's files with a change to one of them.
fn changed(name: &str, change: impl FnOnce(&str) -> String) -> Vec<File> {
    let mut files = sample_files();
    let file = files.iter_mut().find(|file| file.name == name).expect("a file of the sample");
    let text = change(&file.text);
    assert_ne!(text, file.text, "the change changes something");
    file.text = text;
    files
}

/// Reads files that are wrong, and compares what is said about them.
fn check(files: Vec<File>, expected: &[&str]) {
    let refused = Reader::new(files).read().expect_err("refused");
    assert_eq!(Vec::from_iter(refused.faults.iter().map(Fault::to_string)), expected);
}

fn prospectus(edition: &str) -> Prospectus {
    let catalog = sample().expect("the sample is right");
    let edition = catalog.published(&edition.parse().expect("a slug")).expect("published");
    catalog.prospectus(edition).expect("every reference is known")
}

#[test]
fn the_sample_is_right_from_the_program_and_from_its_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    assert_eq!(sample().expect("right"), load(&folder).expect("right"));
}

#[test]
fn the_sample_has_what_the_scenarios_count_on() {
    for (edition, currency) in [
        ("web-development-gb", Currency::Gbp),
        ("web-development-fr", Currency::Eur),
        ("web-development-us", Currency::Usd),
    ] {
        let it = prospectus(edition);
        assert_eq!((it.courses.len(), it.projects.len(), it.skills.len()), (20, 6, 24), "{edition}");
        assert!(it.projects.iter().all(|project| project.skills.len() == 4));
        assert!(it.skills.iter().all(|skill| skill.esco.is_some()));
        let price = it.price_on(date(2027, 2, 7)).expect("a price");
        assert_eq!(price.monthly, Money::minor(30_000, currency));
        let cost = production_cost(Currency::Usd, &it.courses);
        assert_eq!(cost, Ok(Money::minor(100_000_000, Currency::Usd)));
        for day in [date(2026, 1, 1), date(2028, 2, 5), date(2030, 12, 31)] {
            assert_eq!(it.accreditation_on(day).map(|given| given.eqf_level), Some(6), "{edition} {day}");
            assert_eq!(it.countries_on(day).len(), 29);
        }
        assert!(it.recognitions.iter().all(|recognition| recognition.illustrative));
    }
}

#[test]
fn the_uk_edition_costs_what_was_sold() {
    let uk = prospectus("web-development-gb");
    let price = uk.price_on(date(2027, 2, 7)).expect("a price").monthly;
    let first_three = Vec::from_iter(uk.projects[..3].iter().flat_map(|project| project.skills.clone()));
    let and_two = [first_three.clone(), uk.projects[4].skills[..2].to_vec()].concat();
    let check = |recognized_skills: &[SkillId], months: &str, total: &str| {
        let plan = Plan::new(&uk, price, &Wish { recognized_skills, hours_per_week: 20 }).expect("a plan");
        assert_eq!((plan.months.to_string().as_str(), plan.total.to_string().as_str()), (months, total));
    };
    check(&[], "12.0", "GBP 3,600.00");
    check(&first_three, "6.0", "GBP 1,800.00");
    check(&and_two, "5.0", "GBP 1,500.00");
    check(&first_three[..1], "11.5", "GBP 3,600.00");
}

#[test]
fn fourteen_courses_are_refused_by_file_line_and_reason() {
    let six_fewer = |text: &str| {
        let (head, courses) = text.split_once("courses:\n").expect("courses");
        let kept = Vec::from_iter(courses.split_inclusive('\n').skip(6));
        format!("{head}courses:\n{}", kept.concat())
    };
    check(
        changed("editions/web-development-gb.yaml", six_fewer),
        &["editions/web-development-gb.yaml:13: /courses: 14 courses, where an edition has 15 to 30"],
    );
}

#[test]
fn an_unknown_field_is_refused() {
    check(
        changed("courses.yaml", |text| text.replacen("  hours: 30\n", "  hours: 30\n  weeks: 1\n", 1)),
        &[
            "courses.yaml:6: /0/weeks: unknown field `weeks`, expected one of id, version, title, hours, partner, \
           production_cost, units",
        ],
    );
}

#[test]
fn a_wrong_type_is_refused() {
    check(
        changed("courses.yaml", |text| text.replacen("hours: 30", "hours: thirty", 1)),
        &["courses.yaml:5: /0/hours: expected a whole number in range"],
    );
    check(
        changed("projects.yaml", |text| text.replacen("\"2.0\"", "two", 1)),
        &[
            "projects.yaml:5: /0/nominal_months: expected a number of months such as \"6.0\", with at most two \
           decimals and at most 600",
        ],
    );
    check(
        changed("prices.yaml", |text| text.replacen("market: GB", "market: UK", 1)),
        &[
            "prices.yaml:3: /0/market: expected the two capital letters of a country in ISO 3166-1, such as GB",
        ],
    );
}

#[test]
fn a_duplicate_is_refused_with_the_line_of_the_first() {
    check(
        changed("skills.yaml", |text| format!("{text}- id: css\n  label: {{en: CSS, fr: CSS}}\n")),
        &["skills.yaml:75: /24: css is there already, at skills.yaml:6"],
    );
}

#[test]
fn each_broken_file_is_named_at_once() {
    let mut files = changed("degrees.yaml", |_| "- id: [\n".into());
    files.retain(|file| file.name != "partners.yaml");
    files.push(File { name: "pupils.yaml".into(), text: String::new() });
    let refused = Reader::new(files).read().expect_err("refused");
    let named = Vec::from_iter(refused.faults.iter().map(|fault| fault.file.as_str()));
    assert_eq!(named, ["degrees.yaml", "partners.yaml", "pupils.yaml"]);
}

#[test]
fn a_missing_essential_skill_names_the_edition() {
    check(
        changed("editions/web-development-us.yaml", |text| text.replacen("  - javascript\n", "", 1)),
        &[
            "editions/web-development-us.yaml:37: /projects/2: the project judges skills that the edition does \
             not list: javascript",
            "editions/web-development-us.yaml:41: /skills: recruiters of this market call essential what the \
             edition lacks: javascript",
        ],
    );
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let refused = load(Path::new("no/such/folder")).expect_err("refused");
    assert_eq!(refused.faults[0].cause, Cause::File(io::ErrorKind::NotFound));
}
