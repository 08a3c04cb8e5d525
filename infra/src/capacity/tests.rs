use clap::Parser;
use jiff::civil::date;
use serde_json::Value;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    asked: Asked,
}

fn asked(line: &str) -> Asked {
    Line::try_parse_from(["plan"].into_iter().chain(line.split_whitespace())).expect(line).asked
}

fn shown(line: &str) -> String {
    asked(line).shown(date(2027, 1, 4)).expect(line)
}

/// The source's range.
#[test]
fn a_billion_students_need_fifty_to_a_hundred_million_mentors() {
    for (minutes, mentors) in [(30, "50,000,000"), (45, "75,000,000"), (60, "100,000,000")] {
        let shown = shown(&format!("--students 1e9 --minutes {minutes}"));
        let expected = format!(
            "1,000,000,000 students with one session of {minutes} minutes a week need {mentors} mentors at 10 hours"
        );
        assert!(shown.starts_with(&expected), "{shown}");
    }
}

#[test]
fn a_table_says_first_what_it_comes_to() {
    let shown = shown("--students 250k --weeks 26");
    let lines = Vec::from_iter(shown.lines());
    assert!(lines[0].starts_with("250,000 students"), "{shown}");
    assert!(lines.iter().all(|line| line.chars().count() <= 120), "{shown}");
    assert!(shown.contains("and 60 cells more; --format json has all of them"), "{shown}");
    assert!(
        lines.iter().any(|line| line.starts_with("web-development") && line.contains("+03:00")),
        "{shown}"
    );
}

#[test]
fn json_is_what_the_api_answers() {
    let shown = shown("--students 1_000_000 --hours 5 --weeks 20 --format json");
    let plan: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(plan["summary"]["mentors_for_sessions"], 150_000);
    assert_eq!(plan["weeks"].as_array().map(Vec::len), Some(20));
    assert_eq!(plan["weeks"][0]["begins_on"], "2027-01-04");
    assert_eq!(plan["cells"].as_array().map(Vec::len), Some(72));
    assert_eq!(plan["cells"][0]["shortage_minutes"].as_array().map(Vec::len), Some(20));
}

#[test]
fn a_plan_is_written_to_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plan.svg");
    let line = format!("--students 1e6 --weeks 20 --format svg --out {}", path.display());
    run(&asked(&line), date(2027, 1, 4)).expect("a plot");
    let svg = fs::read_to_string(path).expect("a file");
    assert!(svg.starts_with("<svg ") && svg.contains("1,000,000 students"), "{svg}");
}

#[test]
fn the_committed_forecasts_can_be_planned_from() {
    for file in ["billion.yaml", "growing.yaml"] {
        let path = format!("{}/plan/{file}", env!("CARGO_MANIFEST_DIR"));
        assert!(shown(&format!("--forecast {path}")).contains("mentors"), "{file}");
    }
}

#[test]
fn a_fault_is_named_by_its_line_or_its_flag() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.yaml");
    let refused = |line: &str| asked(line).plan(date(2027, 1, 4)).expect_err(line).to_string();
    let check = |from: &str, to: &str, expected: &str| {
        fs::write(&path, BILLION.replacen(from, to, 1)).expect("a file");
        let error = refused(&format!("--forecast {}", path.display()));
        assert_eq!(error, format!("{}{expected}", path.display()), "{to}");
    };
    check("weeks: 104", "weeks: 900", ":4: /weeks: expected a whole number from 1 to 260");
    check(
        "weeks: 104",
        "week: 104",
        ":4: /week: unknown field `week`, expected one of starts_on, weeks, students, course, mix, sessions, defenses, mentors, supply",
    );
    check(
        "\"+00:00\"",
        "\"+0:00\"",
        ":32: /mix/places/0/utc_offset: expected a distance from UTC between \"-12:00\" and \"+14:00\", such as \"+05:30\"",
    );
    check("minutes: 45", "minutes: 0", ":45: /sessions/minutes: expected a whole number from 1 to 480");
    assert_eq!(refused("--minutes 0"), "--minutes: expected a whole number from 1 to 480");
    assert_eq!(refused("--hours 61"), "--hours: expected a whole number from 1 to 60");
    assert_eq!(refused("--students 0"), "--students: expected `active` students, an `intake`, or both");
    assert!(refused("--forecast /nowhere/plan.yaml").starts_with("/nowhere/plan.yaml: "));
}
