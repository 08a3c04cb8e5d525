use domain::capacity::Forecast;
use jiff::civil::date;
use serde_json::json;

use super::*;

fn drawn(field: &str, students: u64, mentors: u64) -> String {
    let forecast = json!({
        "weeks": 20,
        "students": { "active": students },
        "course": {
            "projects": [{ "months": "2.0", "pass_per_mille": 900 }],
            "retries_max": 1, "retry_weeks": 4, "leave_per_mille_a_year": 100,
        },
        "mix": { "cells": [{ "field": field, "language": "en", "utc_offset": "+00:00", "weight": 1 }] },
        "supply": [{ "fields": [field], "languages": ["en"], "utc_offset": "+00:00", "mentors": mentors }],
    });
    let forecast: Forecast = serde_json::from_value(forecast).expect("a forecast");
    draw(&forecast.plan(date(2027, 1, 4)).expect("a plan")).expect("a plot")
}

#[test]
fn what_people_write_is_text_in_the_plot() {
    let svg = drawn("<b>&\"x\" \u{fffe}", 1_000, 10);
    assert!(svg.contains("&lt;b&gt;&amp;&quot;x&quot;"), "{svg}");
    assert!(!svg.contains("<b>") && !svg.contains('\u{fffe}'));
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
}

#[test]
fn a_long_name_is_cut() {
    let svg = drawn(&"w".repeat(60), 1_000, 10);
    assert!(svg.contains(&format!("{}…", "w".repeat(21))) && !svg.contains(&"w".repeat(22)));
}

#[test]
fn the_smallest_and_the_largest_are_drawn() {
    for (students, mentors) in [(1, 0), (1, 10_000_000_000), (10_000_000_000, 0)] {
        let svg = drawn("design", students, mentors);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{students} {mentors}: {svg}");
    }
}

#[test]
fn the_same_plan_is_drawn_the_same() {
    assert_eq!(drawn("design", 1_000, 10), drawn("design", 1_000, 10));
}
