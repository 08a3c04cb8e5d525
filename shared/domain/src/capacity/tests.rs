use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn offset(text: &str) -> ZoneBand {
    text.parse().expect(text)
}

fn cell(field: &str, language: &str, utc_offset: &str, weight: u64) -> CellShare {
    CellShare { field: field.into(), language: language.into(), utc_offset: offset(utc_offset), weight }
}

fn group(fields: &[&str], languages: &[&str], utc_offset: &str, mentors: u64) -> MentorGroup {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    MentorGroup {
        fields: words(fields),
        languages: words(languages),
        utc_offset: offset(utc_offset),
        mentors,
        hours_per_week: None,
        minutes_per_week: None,
        recruits: vec![],
        source: None,
    }
}

/// Six projects of two months, three cells, nobody there for them.
pub(super) fn forecast(active: u64) -> Forecast {
    let project = Project { months: "2.0".parse().expect("months"), pass_per_mille: 850 };
    let cells = vec![
        cell("web-development", "en", "+03:00", 3),
        cell("web-development", "fr", "+01:00", 2),
        cell("data-analysis", "fr", "+00:00", 2),
    ];
    Forecast {
        starts_on: Some(date(2027, 1, 4)),
        weeks: 60,
        students: Students { active, intake: vec![], source: None },
        course: Course {
            projects: vec![project; 6],
            retries_max: 2,
            retry_weeks: 4,
            leave_per_mille_a_year: 200,
            source: None,
        },
        mix: Mix { cells, ..Mix::default() },
        sessions: Sessions::default(),
        defenses: Defenses { jurors: 0, ..Defenses::default() },
        mentors: Mentors::default(),
        supply: None,
    }
}

fn plan(forecast: &Forecast) -> CapacityPlan {
    forecast.plan(date(2020, 1, 1)).expect("a valid forecast")
}

/// The source's range: fifty to a hundred million.
#[test]
fn a_billion_students_need_fifty_to_a_hundred_million_mentors() {
    for (minutes, mentors) in [(30, 50_000_000), (45, 75_000_000), (60, 100_000_000)] {
        let mut forecast = forecast(1_000_000_000);
        forecast.sessions.minutes = minutes;
        let plan = plan(&forecast);
        for week in &plan.weeks {
            assert_eq!(plan.mentors_for(week.demand_minutes()), mentors);
            assert_eq!(week.shortage_minutes(), u64::from(minutes) * 1_000_000_000);
        }
    }
}

#[test]
fn juries_and_reports_take_time_too() {
    let mut forecast = forecast(1_000_000);
    forecast.sessions.overhead_minutes = 15;
    forecast.defenses = Defenses { minutes: 45, overhead_minutes: 30, jurors: 2, source: None };
    let plan = plan(&forecast);
    let week = plan.busiest().expect("weeks");
    assert_eq!(week.session_minutes, 60_000_000);
    assert_eq!(week.defense_minutes, week.defenses * 150);
    // About seven defenses in the year that the course takes, or longer for who fails.
    assert!((100_000..140_000).contains(&week.defenses), "{}", week.defenses);
}

#[test]
fn mentors_serve_whom_they_reach() {
    let check = |group: MentorGroup, reach_hours: u16, served: [u64; 3]| {
        let mut forecast = forecast(7_000);
        forecast.mentors.reach_hours = reach_hours;
        forecast.supply = Some(vec![group]);
        let served_now = plan(&forecast).cells.iter().map(|cell| cell.served_minutes[0]).collect::<Vec<_>>();
        assert_eq!(served_now, served, "{:?}", forecast.supply);
    };
    let all = [135_000, 90_000, 90_000];
    let both = ["web-development", "data-analysis"];
    check(group(&both, &["en", "fr"], "+01:00", 1_000), 3, all);
    check(group(&both, &["en", "fr"], "+01:00", 1_000), 1, [0, all[1], all[2]]);
    check(group(&both, &["fr"], "+01:00", 1_000), 3, [0, all[1], all[2]]);
    check(group(&["data-analysis"], &["en", "fr"], "+01:00", 1_000), 3, [0, 0, all[2]]);
    check(group(&both, &["en", "fr"], "+08:00", 1_000), 3, [0, 0, 0]);
    // A fifth of what is asked for, shared.
    check(group(&both, &["en", "fr"], "+01:00", 105), 3, [27_000, 18_000, 18_000]);
}

#[test]
fn recruits_are_ready_after_their_lead_time_and_follow_those_who_leave() {
    let mut forecast = forecast(7_000);
    forecast.mentors.leave_per_mille_a_year = 100;
    let plan = plan(&forecast);
    let recruits = Vec::from_iter(plan.weeks.iter().map(|week| week.recruits));
    // 525 mentors are missing: 225, 150 and 150. All begin at once, and then one for each who leaves.
    assert_eq!(recruits[0], 525);
    assert!(recruits[1..48].iter().sum::<u64>().abs_diff(52) <= 6, "{recruits:?}");
    assert_eq!(recruits[48..], [0; 12], "nobody who begins then is ready in time");
    assert_eq!(plan.weeks[11].missing_after_minutes, 315_000);
    assert!(plan.weeks[12..].iter().all(|week| week.missing_after_minutes == 0));
    assert_eq!(plan.first_ready().map(|week| week.begins_on), Some(date(2027, 3, 29)));
    assert_eq!((plan.weeks[11].trained, plan.weeks[12].trained), (0, 525));
}

#[test]
fn mentors_in_training_come_and_old_ones_leave() {
    let mut forecast = forecast(7_000);
    let step = |from_week, weeks, per_week| RecruitStep { from_week, weeks, per_week };
    let recruits = vec![step(-2, 1, 10), step(0, 3, 100)];
    forecast.mentors.leave_per_mille_a_year = 500;
    let group = MentorGroup { recruits, ..group(&["web-development"], &["fr"], "+01:00", 1_000) };
    forecast.supply = Some(vec![group]);
    let mentors = Vec::from_iter(plan(&forecast).weeks.iter().map(|week| week.mentors));
    assert_eq!(mentors[0], 1_000);
    let growth = |week: usize| i128::from(mentors[week]) - i128::from(mentors[week - 1]);
    assert!(growth(9) < 0 && growth(10) > -5 && growth(11) < 0, "{mentors:?}");
    assert!(growth(12) > 80 && growth(14) > 80 && growth(15) < 0, "{mentors:?}");
    assert!(mentors[52].abs_diff(500 + 190) < 10, "{}", mentors[52]);
}

#[test]
fn graduates_become_enough_one_day() {
    let plan = plan(&forecast(1_000_000_000));
    let of = |week: usize| plan.weeks[week].graduates();
    assert_eq!(of(12), Graduates { needed: of(12).needed, there: 0 });
    assert_eq!(of(12).per_mille(), None);
    let from = plan.enough_from().expect("a week");
    let at = plan.weeks.iter().position(|week| week == from).expect("it is one of them");
    assert!(of(at).enough() && !of(at - 1).enough(), "{:?} {:?}", of(at - 1), of(at));
    let last = plan.graduates().expect("a lead time within the plan");
    assert!(last.enough() && last == of(59), "{last:?}");
    let cells = plan.cells.iter().map(CellPlan::graduates);
    let sum = cells.fold((0, 0), |sum, it| (sum.0 + it.needed, sum.1 + it.there));
    assert_eq!(sum, (last.needed, last.there));
}

#[test]
fn a_plan_that_ends_before_anyone_is_trained_says_so() {
    let mut forecast = forecast(1_000);
    forecast.weeks = 12;
    let plan = plan(&forecast);
    assert_eq!((plan.first_ready(), plan.graduates(), plan.enough_from()), (None, None, None));
}

#[test]
fn what_nothing_can_be_planned_from_is_named() {
    fn check(pointer: &str, change: impl Fn(&mut Forecast)) {
        let mut forecast = forecast(1_000);
        change(&mut forecast);
        let refused = forecast.plan(date(2027, 1, 4)).expect_err(pointer);
        assert_eq!(refused.pointer, pointer, "{refused}");
    }
    check("/starts_on", |it| it.starts_on = Some(date(9999, 1, 1)));
    check("/weeks", |it| it.weeks = 0);
    check("/weeks", |it| it.weeks = 261);
    check("/students", |it| it.students.active = 0);
    check("/students/active", |it| it.students.active = 10_000_000_001);
    check("/students/intake/1/from_week", |it| {
        it.students.intake = vec![IntakeStep { from_week: 3, per_week: 1 }; 2];
    });
    check("/course/projects", |it| it.course.projects.clear());
    check("/course/projects/5/pass_per_mille", |it| it.course.projects[5].pass_per_mille = 1_001);
    check("/course/projects/0/months", |it| it.course.projects[0].months = crate::months::Months::ZERO);
    check("/course/leave_per_mille_a_year", |it| it.course.leave_per_mille_a_year = 901);
    check("/mix", |it| it.mix.cells.clear());
    check("/mix", |it| it.mix.cells.iter_mut().for_each(|cell| cell.weight = 0));
    check("/mix", |it| it.mix.fields = vec![FieldShare { field: "law".into(), weight: 1, source: None }]);
    check("/mix", |it| it.mix.cells = vec![cell("law", "en", "+00:00", 1); 241]);
    check("/mix/cells/2", |it| it.mix.cells[2] = it.mix.cells[0].clone());
    check("/mix/cells/0/field", |it| it.mix.cells[0].field = "\u{7}".into());
    check("/sessions/minutes", |it| it.sessions.minutes = 0);
    check("/mentors/hours_per_week", |it| it.mentors.hours_per_week = 0);
    check("/supply/0/languages", |it| it.supply = Some(vec![group(&["law"], &[], "+00:00", 1)]));
    check("/supply/0/mentors", |it| {
        it.supply = Some(vec![group(&["law"], &["en"], "+00:00", 10_000_000_001)])
    });
    check("/sessions/source", |it| it.sessions.source = Some(String::new()));
}

/// Everything at its bound: what overflows fails here.
#[test]
fn the_largest_forecast_is_counted() {
    let mut forecast = forecast(10_000_000_000);
    let people = 1_000_000_000;
    forecast.weeks = 104;
    forecast.students.intake = vec![IntakeStep { from_week: 0, per_week: people }];
    let project = Project { months: "12.0".parse().expect("months"), pass_per_mille: 300 };
    forecast.course.projects = vec![project; 12];
    (forecast.course.retries_max, forecast.course.retry_weeks) = (4, 26);
    forecast.sessions = Sessions { minutes: 480, per_week: 7, overhead_minutes: 480, source: None };
    forecast.defenses = Defenses { minutes: 480, overhead_minutes: 480, jurors: 5, source: None };
    forecast.mentors.hours_per_week = 60;
    let fields = Vec::from_iter((0..10).map(|at| format!("field {at}")));
    let at = |hour: i16| ZoneBand::minutes(hour * 60).expect("an offset");
    let places = (0..24).map(|hour| ("en", at(hour - 11)));
    let cells = places.flat_map(|(language, utc_offset)| {
        let cell = move |field: &String| CellShare {
            field: field.clone(),
            language: language.into(),
            utc_offset,
            weight: 1_000_000,
        };
        fields.iter().map(cell)
    });
    forecast.mix.cells = cells.collect();
    let recruits = vec![RecruitStep { from_week: -104, weeks: 260, per_week: people }; 20];
    let group = |number: i16| MentorGroup {
        fields: fields[usize::try_from(number).expect("small") % 7..].to_vec(),
        languages: vec!["en".into()],
        utc_offset: at(number % 24 - 11),
        mentors: if number % 2 == 0 { 10_000_000_000 } else { 0 },
        hours_per_week: Some(60),
        minutes_per_week: None,
        recruits: if number % 3 == 0 { recruits.clone() } else { vec![] },
        source: None,
    };
    forecast.supply = Some((0..120).map(group).collect());
    let plan = plan(&forecast);
    let last = plan.weeks.last().expect("weeks");
    assert_eq!(plan.cells.iter().map(|cell| cell.demand_minutes[103]).sum::<u64>(), last.demand_minutes());
    assert!(last.served_minutes > 0 && last.students > 10_000_000_000);
}

/// Schools with an intake, mentors and recruits.
fn schools() -> impl Strategy<Value = Forecast> {
    let groups = prop::collection::vec((0..3_usize, 0..3_usize, 0..4_usize, 0..2_000_u64), 0..5);
    (1..50_000_u64, prop::collection::vec(0..900_u64, 0..4), groups, prop::collection::vec(1..99_u64, 3))
        .prop_map(|(active, intake, groups, weights)| {
            let mut forecast = forecast(active);
            forecast.weeks = 20;
            forecast.defenses.jurors = 1;
            let steps = intake.into_iter().zip([0, 5, 9, 13]);
            let steps = steps.map(|(per_week, from_week)| IntakeStep { from_week, per_week });
            forecast.students.intake = steps.collect();
            for (cell, weight) in forecast.mix.cells.iter_mut().zip(weights) {
                cell.weight = weight;
            }
            let fields =
                [&["web-development"][..], &["data-analysis"], &["web-development", "data-analysis"]];
            let languages = [&["en"][..], &["fr"], &["en", "fr"]];
            let offsets = ["-02:00", "+00:00", "+02:00", "+06:00"];
            let group = |(field, language, offset, mentors): (usize, usize, usize, u64)| {
                group(fields[field], languages[language], offsets[offset], mentors)
            };
            forecast.supply = Some(groups.into_iter().map(group).collect());
            forecast
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cells_add_up_to_their_week(forecast in schools()) {
        let plan = plan(&forecast);
        for (week, all) in plan.weeks.iter().enumerate() {
            let sum = |of: fn(&CellPlan) -> &Vec<u64>| plan.cells.iter().map(|cell| of(cell)[week]).sum::<u64>();
            prop_assert_eq!(sum(|cell| &cell.students), all.students);
            prop_assert_eq!(sum(|cell| &cell.demand_minutes), all.demand_minutes());
            prop_assert_eq!(sum(|cell| &cell.served_minutes), all.served_minutes);
            prop_assert_eq!(sum(|cell| &cell.recruits), all.recruits);
            prop_assert!(all.served_minutes <= all.supply_minutes);
            prop_assert!(plan.cells.iter().all(|it| it.served_minutes[week] <= it.demand_minutes[week]));
        }
    }

    #[test]
    fn demand_is_linear_in_students(forecast in schools(), times in 2..40_u64) {
        let mut larger = forecast.clone();
        larger.students.active *= times;
        larger.students.intake.iter_mut().for_each(|step| step.per_week *= times);
        let (one, many) = (plan(&forecast), plan(&larger));
        for (one, many) in one.weeks.iter().zip(&many.weeks) {
            // Each of the two sums was cut to whole people once, for those before and those since.
            let near = |one: u64, many: u64| (one * times..(one + 2) * times).contains(&many);
            prop_assert!(near(one.students, many.students), "{} {}", one.students, many.students);
            prop_assert!(near(one.defenses, many.defenses));
            prop_assert!(!forecast.students.intake.is_empty() || one.students * times == many.students);
        }
    }

    #[test]
    fn more_mentors_never_leave_more_missing(forecast in schools(), more in 1..3_000_u64) {
        let before = plan(&forecast);
        let mut richer = forecast;
        let groups = richer.supply.get_or_insert_default();
        if groups.is_empty() {
            groups.push(group(&["web-development"], &["en"], "+03:00", 0));
        }
        groups[0].mentors += more;
        for (before, after) in before.weeks.iter().zip(&plan(&richer).weeks) {
            prop_assert!(after.shortage_minutes() <= before.shortage_minutes());
        }
    }

    #[test]
    fn recruits_fill_what_is_missing_once_they_are_ready(forecast in schools()) {
        let plan = plan(&forecast);
        for week in &plan.weeks[12..] {
            prop_assert_eq!(week.missing_after_minutes, 0);
        }
        for week in &plan.weeks[..12] {
            prop_assert_eq!(week.missing_after_minutes, week.shortage_minutes());
        }
    }
}
