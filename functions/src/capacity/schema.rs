//! A forecast in the OpenAPI description: the domain reads it, this tells clients of it.

#![expect(dead_code, reason = "describes the domain's types to clients")]

use utoipa::ToSchema;

/// What is expected of the next weeks. Rates are per mille; every part may say its `source`.
#[derive(ToSchema)]
pub struct ForecastSchema {
    /// The first day of the first week; today without it.
    #[schema(format = Date)]
    starts_on: Option<String>,
    /// How many weeks are planned; cells times weeks at most 25,000.
    #[schema(minimum = 1, maximum = 260, default = 104)]
    weeks: Option<u16>,
    students: StudentsSchema,
    course: CourseSchema,
    mix: MixSchema,
    sessions: Option<SessionsSchema>,
    defenses: Option<DefensesSchema>,
    mentors: Option<MentorsSchema>,
    /// The mentors there are; the school's own without it, where fields are the ids of degrees.
    #[schema(max_items = 120)]
    supply: Option<Vec<MentorGroupSchema>>,
}

/// How many students there are.
#[derive(ToSchema)]
struct StudentsSchema {
    /// Who studies before the first week; without an intake, in every week.
    #[schema(maximum = 10_000_000_000_u64, example = 20_000)]
    active: Option<u64>,
    /// Who begins; each step holds until the next.
    intake: Option<Vec<IntakeStepSchema>>,
    source: Option<String>,
}

/// How many begin in each week.
#[derive(ToSchema)]
struct IntakeStepSchema {
    /// From 0.
    from_week: u16,
    #[schema(maximum = 1_000_000_000_u64)]
    per_week: u64,
}

/// What every student goes through.
#[derive(ToSchema)]
struct CourseSchema {
    /// In order; each ends with a defense.
    #[schema(min_items = 1, max_items = 12)]
    projects: Vec<ProjectSchema>,
    /// How often a project may be defended again; who fails then leaves.
    #[schema(maximum = 4)]
    retries_max: u8,
    /// Weeks of work before that.
    #[schema(minimum = 1, maximum = 26)]
    retry_weeks: u8,
    /// Who leaves, whatever they pass.
    #[schema(maximum = 900)]
    leave_per_mille_a_year: u16,
    source: Option<String>,
}

/// A project.
#[derive(ToSchema)]
struct ProjectSchema {
    #[schema(example = "2.0")]
    months: String,
    #[schema(maximum = 1000)]
    pass_per_mille: u16,
}

/// What is studied, in which language and where: either `fields` and `places`, which are crossed, or `cells`, at
/// most 240. Weights stand against each other.
#[derive(ToSchema)]
struct MixSchema {
    fields: Option<Vec<FieldShareSchema>>,
    places: Option<Vec<PlaceShareSchema>>,
    cells: Option<Vec<CellShareSchema>>,
}

/// A field's share.
#[derive(ToSchema)]
struct FieldShareSchema {
    #[schema(example = "web-development")]
    field: String,
    #[schema(maximum = 1_000_000)]
    weight: u64,
    source: Option<String>,
}

/// A place's share.
#[derive(ToSchema)]
struct PlaceShareSchema {
    /// BCP 47.
    #[schema(example = "fr")]
    language: String,
    /// Standard distance from UTC.
    #[schema(example = "+01:00")]
    utc_offset: String,
    #[schema(maximum = 1_000_000)]
    weight: u64,
    source: Option<String>,
}

/// A cell's share.
#[derive(ToSchema)]
struct CellShareSchema {
    field: String,
    language: String,
    utc_offset: String,
    #[schema(maximum = 1_000_000)]
    weight: u64,
}

/// The weekly meetings.
#[derive(ToSchema)]
struct SessionsSchema {
    #[schema(minimum = 1, maximum = 480, default = 45)]
    minutes: Option<u16>,
    #[schema(minimum = 1, maximum = 7, default = 1)]
    per_week: Option<u16>,
    /// Preparation and report of each.
    #[schema(maximum = 480, default = 0)]
    overhead_minutes: Option<u16>,
    source: Option<String>,
}

/// The juries.
#[derive(ToSchema)]
struct DefensesSchema {
    #[schema(maximum = 480, default = 45)]
    minutes: Option<u16>,
    /// What each juror works before and after.
    #[schema(maximum = 480, default = 0)]
    overhead_minutes: Option<u16>,
    /// How many mentors judge one.
    #[schema(maximum = 5, default = 1)]
    jurors: Option<u16>,
    source: Option<String>,
}

/// What holds for each mentor.
#[derive(ToSchema)]
struct MentorsSchema {
    #[schema(minimum = 1, maximum = 60, default = 10)]
    hours_per_week: Option<u16>,
    /// How far a student's clock may be from a mentor's.
    #[schema(maximum = 12, default = 3)]
    reach_hours: Option<u16>,
    /// From the first day of training to the first session.
    #[schema(maximum = 104, default = 12)]
    lead_weeks: Option<u16>,
    #[schema(maximum = 900, default = 100)]
    leave_per_mille_a_year: Option<u16>,
    source: Option<String>,
}

/// Mentors who can serve the same students: those who study one of the fields in one of the languages, within
/// reach.
#[derive(ToSchema)]
struct MentorGroupSchema {
    #[schema(min_items = 1, max_items = 240)]
    fields: Vec<String>,
    #[schema(min_items = 1, max_items = 240)]
    languages: Vec<String>,
    utc_offset: String,
    /// How many there are before the first week.
    #[schema(maximum = 10_000_000_000_u64)]
    mentors: Option<u64>,
    /// Where that differs from the others.
    #[schema(minimum = 1, maximum = 60)]
    hours_per_week: Option<u16>,
    /// Who begins training, and when.
    #[schema(max_items = 20)]
    recruits: Option<Vec<RecruitStepSchema>>,
    source: Option<String>,
}

/// Who begins training in some weeks.
#[derive(ToSchema)]
struct RecruitStepSchema {
    /// From 0; below zero for those who are in training already.
    #[schema(minimum = -104, maximum = 260)]
    from_week: i16,
    #[schema(minimum = 1, maximum = 260, default = 1)]
    weeks: Option<u16>,
    #[schema(maximum = 1_000_000_000_u64)]
    per_week: u64,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::capacity::Forecast;
    use serde_json::{Value, json};

    /// Names that are in the description of each schema, and those that the domain writes.
    #[test]
    fn the_description_names_what_the_domain_reads() {
        let shares = json!({
            "fields": [{ "field": "design", "weight": 1 }],
            "places": [{ "language": "fr", "utc_offset": "+01:00", "weight": 1 }],
            "cells": [{ "field": "design", "language": "fr", "utc_offset": "+01:00", "weight": 1 }],
        });
        let forecast = json!({
            "students": { "active": 1, "intake": [{ "from_week": 0, "per_week": 1 }] },
            "course": {
                "projects": [{ "months": "2.0", "pass_per_mille": 900 }],
                "retries_max": 1, "retry_weeks": 4, "leave_per_mille_a_year": 100,
            },
            "mix": shares,
            "supply": [{
                "fields": ["design"], "languages": ["fr"], "utc_offset": "+01:00",
                "recruits": [{ "from_week": 0, "per_week": 1 }],
            }],
        });
        let forecast: Forecast = serde_json::from_value(forecast).expect("a forecast");
        let forecast = serde_json::to_value(forecast).expect("JSON");
        let description = serde_json::to_value(crate::api::description()).expect("JSON");
        let names =
            |object: &Value| object.as_object().expect("an object").keys().cloned().collect::<BTreeSet<_>>();
        let check = |schema: &str, pointer: &str| {
            let described = &description["components"]["schemas"][schema]["properties"];
            assert_eq!(names(described), names(forecast.pointer(pointer).expect(pointer)), "{schema}");
        };
        check("ForecastSchema", "");
        check("StudentsSchema", "/students");
        check("IntakeStepSchema", "/students/intake/0");
        check("CourseSchema", "/course");
        check("ProjectSchema", "/course/projects/0");
        check("MixSchema", "/mix");
        check("FieldShareSchema", "/mix/fields/0");
        check("PlaceShareSchema", "/mix/places/0");
        check("CellShareSchema", "/mix/cells/0");
        check("SessionsSchema", "/sessions");
        check("DefensesSchema", "/defenses");
        check("MentorsSchema", "/mentors");
        check("MentorGroupSchema", "/supply/0");
        check("RecruitStepSchema", "/supply/0/recruits/0");
    }
}
