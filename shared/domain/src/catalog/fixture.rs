//! A small catalog that is right, for tests to make wrong.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::civil::date;

use super::*;
use crate::billing::{Completion, PauseBegins};
use crate::defense::DefensePolicy;
use crate::money::{Currency, Money};
use crate::months::Months;
use crate::pairing::PairingPolicy;

/// Six projects of two months with four skills each, twenty courses, GBP 300, 29 countries.
pub(crate) fn catalog() -> Catalog {
    Catalog {
        degrees: vec![Degree { id: word("web"), title: text("Web developer"), project_count: 6 }],
        partners: vec![Partner { id: word("uni"), name: "A University".into(), agreements: vec![valid()] }],
        skills: ids("skill", 1..=24).map(|id| Skill { id, label: text("Skill"), esco: None }).collect(),
        courses: ids("course", 1..=20).map(course).collect(),
        projects: (1..=6).map(project).collect(),
        prices: vec![PriceList {
            market: word("GB"),
            version: 1,
            valid: valid(),
            monthly: Money::minor(30_000, Currency::Gbp),
        }],
        taxes: Vec::new(),
        entities: Vec::new(),
        tariffs: Vec::new(),
        demand: vec![DemandSignal {
            market: word("GB"),
            degree: word("web"),
            skill: word("skill-1"),
            importance: Importance::Essential,
            source: "Interview".into(),
            date: date(2026, 1, 15),
        }],
        accreditations: vec![Accreditation {
            edition: word("web-gb"),
            accreditor: "An accreditor".into(),
            reference: "1".into(),
            eqf_level: 6,
            valid: valid(),
        }],
        recognitions: COUNTRIES.split(' ').map(recognition).collect(),
        policies: vec![policy()],
        editions: vec![edition()],
    }
}

const COUNTRIES: &str =
    "AT BE BG CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LT LU LV MT NL NO PL PT RO SE SK";

pub(crate) fn prospectus() -> Prospectus {
    let catalog = catalog();
    catalog.prospectus(&catalog.editions[0]).expect("every reference is known")
}

pub(crate) fn policy() -> Policy {
    fn own<T>(value: T) -> Sourced<T> {
        Sourced { value, source: "School policy".into() }
    }
    Policy {
        since: date(2026, 1, 1),
        cooling_off_days: own(14),
        quote_days: own(30),
        payment_days: own(0),
        grace_days: own(10),
        dunning_days: own([1, 3, 5, 7, 10, 14]),
        completion: own(Completion::MonthOwed),
        pause_begins: own(PauseBegins::AtPeriodEnd),
        pause_months_max: own(4),
        pause_reminder_days: own([14, 3]),
        mentor_gap_days_max: own(7),
        novice_seats_max: own(5),
        mentor_language_level_min: own(PairingPolicy::OPENING.language_level_min),
        waking_hours: own(PairingPolicy::OPENING.waking),
        session_minutes: own(45),
        cancellation_hours: own(24),
        session_minutes_min: own(15),
        session_minutes_max: own(180),
        join_early_minutes: own(10),
        join_late_minutes: own(30),
        report_hours: own(24),
        report_reminder_hours: own(12),
        session_reminder_hours: own([48, 1]),
        statement_days: own(3),
        make_up_days: own(60),
        no_show_share: own(Share { numerator: 1, denominator: 3 }),
        notice_days_min: own(14),
        notice_days_max: own(21),
        defense_minutes_min: own(30),
        defense_minutes_max: own(180),
        defense_minutes: own(45),
        defenses_per_day_max: own(3),
        defenses_per_week_max: own(8),
        juror_language_level_min: own(crate::availability::Level::B2),
        defense_early_minutes: own(10),
        defense_late_minutes: own(60),
        defense_no_show_minutes: own(15),
        recording_hours: own(24),
        condition_upload_hours: own(48),
        condition_decision_hours: own(48),
        recording_share_percent: own(60),
        recording_retention_days: own(1095),
        verdict_hours: own(48),
        appeal_days: own(15),
        plan_after_failed: own(2),
        defense_agenda: own(DefensePolicy::OPENING.agenda),
        recording_consent_version: own(1),
    }
}

pub(crate) fn word<T: TryFrom<String>>(word: &str) -> T {
    T::try_from(word.to_owned()).ok().expect("a word of the catalog")
}

pub(crate) fn text(text: &str) -> Text {
    Text(BTreeMap::from([(word("en"), text.to_owned())]))
}

fn valid() -> Validity {
    Validity { from: date(2026, 1, 1), until: Some(date(2031, 1, 1)) }
}

fn ids<T: TryFrom<String>>(kind: &str, numbers: RangeInclusive<u32>) -> impl Iterator<Item = T> {
    numbers.map(move |number| word(&format!("{kind}-{number}")))
}

fn course(id: CourseId) -> Course {
    Course {
        id,
        version: 1,
        title: text("Course"),
        hours: 20,
        partner: Some(word("uni")),
        production_cost: Money::minor(5_000_000, Currency::Usd),
        units: Vec::new(),
    }
}

fn project(number: u32) -> Project {
    let skills = Vec::from_iter(ids::<SkillId>("skill", number * 4 - 3..=number * 4));
    let criterion = |skill: &SkillId| Criterion {
        id: word(&format!("shows-{skill}")),
        skill: skill.clone(),
        text: text("It is shown"),
    };
    Project {
        id: word(&format!("project-{number}")),
        title: text("Project"),
        nominal_months: Months::whole(2),
        level: Level::default(),
        criteria: skills.iter().map(criterion).collect(),
        skills,
        brief: text("Make it"),
    }
}

fn recognition(country: &str) -> Recognition {
    Recognition {
        degree: word("web"),
        country: word(country),
        valid: valid(),
        source: "Sample".into(),
        illustrative: true,
    }
}

fn edition() -> Edition {
    let variant = |language, state| LanguageVariant { language: word(language), state };
    Edition {
        id: word("web-gb"),
        version: 1,
        degree: word("web"),
        market: word("GB"),
        state: EditionState::Published,
        languages: vec![variant("en", VariantState::Published), variant("es", VariantState::Draft)],
        nominal_hours_per_week: 20,
        partners: vec![word("uni")],
        courses: ids("course", 1..=20).map(|id| CourseRef { id, version: 1 }).collect(),
        projects: ids("project", 1..=6).collect(),
        skills: ids("skill", 1..=24).collect(),
    }
}
