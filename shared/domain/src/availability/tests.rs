//! Hours read on the wall, and what of them can be kept.

use super::*;
use crate::person::LANGUAGES_MAX;

fn paris(weekly: &str, exceptions: &str) -> Availability {
    Availability {
        time_zone: "Europe/Paris".parse().expect("a zone"),
        weekly: serde_json::from_str(weekly).expect("windows"),
        exceptions: serde_json::from_str(exceptions).expect("exceptions"),
        seats: 5,
        ..Availability::undeclared(PersonId::derived(&["claire"]))
    }
}

const TUESDAYS: &str = r#"[{"weekday": "tue", "from": "18:00", "to": "21:00"}]"#;

fn check(availability: &Availability, starts_at: &str, minutes: i64, covered: bool) {
    let starts_at: Timestamp = starts_at.parse().expect("an instant");
    let ends_at = starts_at + SignedDuration::from_mins(minutes);
    assert_eq!(availability.covers(starts_at, ends_at), covered, "{starts_at} for {minutes}");
}

#[test]
fn windows_are_read_on_the_persons_own_wall() {
    let tuesdays = paris(TUESDAYS, "[]");
    check(&tuesdays, "2027-03-09T17:00:00Z", 180, true); // 18:00 in winter
    check(&tuesdays, "2027-03-09T16:45:00Z", 45, false);
    check(&tuesdays, "2027-03-09T19:30:00Z", 45, false); // ends 21:15
    check(&tuesdays, "2027-03-30T16:00:00Z", 180, true); // 18:00 in summer
    check(&tuesdays, "2027-03-10T17:00:00Z", 45, false); // a Wednesday
    check(&tuesdays, "2027-03-09T17:00:00Z", 0, false);
    check(&tuesdays, "2027-03-09T17:00:00Z", -45, false);
}

#[test]
fn an_exception_closes_or_opens_its_date() {
    let differs = paris(
        TUESDAYS,
        r#"[{"date": "2027-03-16", "available": false},
            {"date": "2027-03-23", "available": false, "from": "19:00", "to": "20:00"},
            {"date": "2027-03-25", "available": true, "from": "08:00", "to": "10:00"}]"#,
    );
    check(&differs, "2027-03-16T17:00:00Z", 45, false);
    check(&differs, "2027-03-23T17:00:00Z", 60, true);
    check(&differs, "2027-03-23T17:30:00Z", 45, false);
    check(&differs, "2027-03-23T19:00:00Z", 60, true);
    check(&differs, "2027-03-25T07:00:00Z", 120, true);
}

#[test]
fn a_session_may_cross_midnight_where_both_days_are_open() {
    let late = r#"[{"weekday": "tue", "from": "22:00", "to": "24:00"},
                   {"weekday": "wed", "from": "00:00", "to": "01:00"}]"#;
    check(&paris(late, "[]"), "2027-03-09T22:30:00Z", 60, true);
    check(&paris(late, "[]"), "2027-03-09T22:30:00Z", 120, false);
}

#[test]
fn a_clock_change_inside_a_window_is_followed() {
    let night = paris(r#"[{"weekday": "sun", "from": "01:00", "to": "04:00"}]"#, "[]");
    check(&night, "2027-03-28T00:00:00Z", 120, true); // 01:00 to 04:00, with a gap
    check(&night, "2027-03-28T00:00:00Z", 135, false);
    check(&night, "2027-10-30T23:00:00Z", 240, true); // 01:00 to 04:00, with 02:00 twice
}

#[test]
fn who_said_nothing_is_never_available() {
    check(&Availability::undeclared(PersonId::derived(&["x"])), "2027-03-09T17:00:00Z", 45, false);
}

#[test]
fn an_availability_names_the_field_at_fault() {
    let check = |pointer: &str, change: fn(&mut Availability)| {
        let mut availability = paris(TUESDAYS, r#"[{"date": "2027-03-16", "available": false}]"#);
        change(&mut availability);
        assert_eq!(availability.check().map_err(|error| error.pointer().to_owned()), Err(pointer.to_owned()));
    };
    check("/video_link", |it| it.video_link = Some("http://meet.example.org/claire".into()));
    check("/video_link", |it| it.video_link = Some("https://claire:pw@meet.example.org/".into()));
    check("/weekly/0/to", |it| {
        it.weekly = paris(r#"[{"weekday": "tue", "from": "18:00", "to": "18:00"}]"#, "[]").weekly
    });
    check("/weekly/1", |it| {
        let mut again = it.weekly[0];
        again.from = LocalTime::MIDNIGHT;
        it.weekly.push(again);
    });
    check("/exceptions/1", |it| it.exceptions.push(Exception { available: true, ..it.exceptions[0] }));
    check("/exceptions/0/to", |it| {
        it.exceptions[0].from = "18:00".to_owned().try_into().ok();
        it.exceptions[0].to = "18:00".to_owned().try_into().ok();
    });
    check("/exceptions/0", |it| it.exceptions[0].from = Some(LocalTime::MIDNIGHT));
    check("/weekly", |it| it.weekly = vec![it.weekly[0]; WINDOWS_MAX + 1]);
    check("/exceptions", |it| it.exceptions = vec![it.exceptions[0]; EXCEPTIONS_MAX + 1]);
    check("/holidays", |it| it.holidays = vec![away("2027-03-01", "2027-03-01"); HOLIDAYS_MAX + 1]);
    check("/holidays/0/last_on", |it| it.holidays = vec![away("2027-03-02", "2027-03-01")]);
    check("/holidays/1", |it| {
        it.holidays = vec![away("2027-03-01", "2027-03-03"), away("2027-03-03", "2027-03-04")]
    });
    check("/project_levels", |it| it.project_levels = [1, LEVEL_MAX + 1].into());
    check("/seats", |it| it.seats = SEATS_MAX + 1);
    check("/fields/0", |it| it.fields = vec![" ".into()]);
    check("/languages", |it| it.languages = vec![Spoken::well("en"); LANGUAGES_MAX + 1]);
    assert_eq!(paris(TUESDAYS, "[]").check(), Ok(()));
}

#[test]
fn windows_that_touch_do_not_overlap() {
    let touching = r#"[{"weekday": "tue", "from": "18:00", "to": "19:00"},
                       {"weekday": "tue", "from": "19:00", "to": "24:00"},
                       {"weekday": "wed", "from": "18:00", "to": "19:00"}]"#;
    assert_eq!(paris(touching, "[]").check(), Ok(()));
}

#[test]
fn unknown_words_and_fields_are_refused() {
    for text in [
        r#"{"weekday": "tue", "from": "18:00", "to": "24:01"}"#,
        r#"{"weekday": "Tue", "from": "18:00", "to": "21:00"}"#,
        r#"{"weekday": "tue", "from": "24:00", "to": "24:00"}"#,
        r#"{"weekday": "tue", "from": "18:00", "to": "21:00", "note": ""}"#,
    ] {
        assert!(serde_json::from_str::<Window>(text).is_err(), "{text}");
    }
}

fn away(first_on: &str, last_on: &str) -> Holiday {
    let date = |text: &str| text.parse().expect("a date");
    Holiday { first_on: date(first_on), last_on: date(last_on) }
}

#[test]
fn nobody_is_met_on_holiday() {
    let mut tuesdays = paris(TUESDAYS, r#"[{"date": "2027-03-16", "available": true}]"#);
    check(&tuesdays, "2027-03-16T17:00:00Z", 60, true);
    tuesdays.holidays = vec![away("2027-03-15", "2027-03-16")];
    check(&tuesdays, "2027-03-16T17:00:00Z", 60, false);
    check(&tuesdays, "2027-03-23T17:00:00Z", 60, true);
}

/// An exception speaks of one date, so its times must be on that date's clock, once.
#[test]
fn a_time_that_is_not_on_the_clock_is_refused_with_the_nearest() {
    let refused = |exception: &str| match paris("[]", &format!("[{exception}]")).check() {
        Err(AvailabilityError::Time { pointer, reason }) => (pointer, Some(reason)),
        other => (format!("{other:?}"), None),
    };
    let (pointer, reason) =
        refused(r#"{"date": "2027-03-28", "available": true, "from": "02:30", "to": "05:00"}"#);
    assert_eq!(pointer, "/exceptions/0/from");
    let Some(crate::time::InvalidTime::Skipped { before, after, .. }) = reason else { panic!("{reason:?}") };
    assert_eq!(
        (before.to_string(), after.to_string()),
        ("2027-03-28T01:59:00".into(), "2027-03-28T03:00:00".into())
    );
    let (pointer, reason) =
        refused(r#"{"date": "2027-10-31", "available": true, "from": "01:00", "to": "02:30"}"#);
    assert_eq!(pointer, "/exceptions/0/to");
    assert!(matches!(reason, Some(crate::time::InvalidTime::Repeated { .. })));
}

#[test]
fn an_offset_says_which_of_two_equal_times_is_meant() {
    let until = |offset: &str| {
        let exception = format!(
            r#"[{{"date": "2027-10-31", "available": true, "from": "01:00", "to": "02:30", "to_offset": "{offset}"}}]"#
        );
        paris("[]", &exception)
    };
    check(&until("+02:00"), "2027-10-30T23:00:00Z", 90, true);
    check(&until("+02:00"), "2027-10-30T23:00:00Z", 105, false);
    check(&until("+01:00"), "2027-10-30T23:00:00Z", 150, true);
    check(&until("+01:00"), "2027-10-30T23:00:00Z", 165, false);
    assert!(matches!(until("+05:00").check(), Err(AvailabilityError::Time { .. })));
}

/// Midnight is jumped over in Cairo: the day before ends, and the day begins, at the first instant after.
#[test]
fn a_whole_day_has_its_own_length() {
    let mut cairo = paris(
        "[]",
        r#"[{"date": "2027-04-29", "available": true, "from": "20:00", "to": "24:00"},
        {"date": "2027-04-30", "available": true}]"#,
    );
    cairo.time_zone = "Africa/Cairo".parse().expect("a zone");
    assert_eq!(cairo.check(), Ok(()));
    check(&cairo, "2027-04-29T18:00:00Z", 240 + 23 * 60, true);
    check(&cairo, "2027-04-29T18:00:00Z", 240 + 23 * 60 + 15, false);
}

#[test]
fn a_language_is_spoken_in_each_of_its_lands() {
    let mut mentor = paris("[]", "[]");
    let french = Spoken { language: "fr-CA".into(), level: Level::B2 };
    mentor.languages = vec![Spoken::well("en"), french];
    assert_eq!(mentor.speaks("en-GB"), Some(Level::C2));
    assert_eq!(mentor.speaks("fr"), Some(Level::B2));
    assert_eq!(mentor.speaks("es"), None);
}

#[test]
fn whoever_begins_takes_fewer() {
    let mut mentor = Availability { seats: 20, ..paris("[]", "[]") };
    assert_eq!((mentor.experience, mentor.capacity(5)), (Experience::Novice, 5));
    mentor.experience = Experience::Confirmed;
    assert_eq!(mentor.capacity(5), 20);
}
