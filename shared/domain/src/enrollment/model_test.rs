//! Random acts on an enrollment, against a model that lives through every day of them.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::scenario_test::{begun, date};
use super::*;
use crate::billing::{PeriodKey, Terms};
use crate::id::AwardId;

#[derive(Debug, Clone, Copy)]
enum Act {
    Wait(i32),
    WaitForMonth,
    Pause(u32),
    Resume,
    Withdraw,
    Suspend,
    Lift,
    Conclude,
    ProveAgain,
    Complete,
    Bill,
    StorePlannedChanges,
}

/// Pauses often, leaves seldom, and lets time pass between.
fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        12 => (1_i32..45).prop_map(Act::Wait),
        8 => Just(Act::WaitForMonth),
        6 => (0_u32..6).prop_map(Act::Pause),
        6 => Just(Act::Resume),
        1 => Just(Act::Withdraw),
        3 => Just(Act::Suspend),
        3 => Just(Act::Lift),
        2 => Just(Act::Conclude),
        4 => Just(Act::ProveAgain),
        1 => Just(Act::Complete),
        4 => Just(Act::Bill),
        2 => Just(Act::StorePlannedChanges),
    ];
    prop::collection::vec(act, 1..80)
}

/// Every other one at the end of a month, where months differ.
fn anchors() -> impl Strategy<Value = Date> {
    (0_i32..800, any::<bool>()).prop_map(|(days, at_the_end)| {
        let anchor = date("2026-12-01").saturating_add(days.days());
        if at_the_end { anchor.last_of_month() } else { anchor }
    })
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Standing {
    Active,
    Paused {
        since: Date,
    },
    Suspended {
        since: Date,
        month_ends: Date,
    },
    /// All projects are done; `month_began` is today's, if one began on the day that study ended.
    Deciding {
        month_began: Option<Date>,
    },
    Gone,
}

/// The school as a clerk with a calendar would keep it: day by day, all acts at noon.
#[derive(Debug)]
struct Clerk {
    start: Date,
    today: Date,
    anchor: Date,
    standing: Standing,
    pauses_on: Option<Date>,
    leaves_on: Option<Date>,
    billed: Vec<Date>,
    paused_days: BTreeSet<Date>,
}

impl Clerk {
    fn new(anchor: Date) -> Self {
        let (standing, pauses_on, leaves_on) = (Standing::Active, None, None);
        let billed = vec![anchor];
        Self {
            start: anchor,
            today: anchor,
            anchor,
            standing,
            pauses_on,
            leaves_on,
            billed,
            paused_days: BTreeSet::new(),
        }
    }

    /// A month begins on the anchor's day, or on the last day of a month without it.
    fn month_begins(&self, day: Date) -> bool {
        day.day() == self.anchor.day() || (day.day() < self.anchor.day() && day == day.last_of_month())
    }

    fn month_ends(&self) -> Date {
        let days = (1_i32..).map(|days| self.today.saturating_add(days.days()));
        days.into_iter().find(|day| self.month_begins(*day)).expect("within 31 days")
    }

    fn next_day(&mut self) {
        self.today = self.today.saturating_add(1.day());
        let today = self.today;
        if self.leaves_on == Some(today) {
            (self.standing, self.leaves_on) = (Standing::Gone, None);
        }
        if self.standing == Standing::Active && self.pauses_on == Some(today) {
            (self.standing, self.pauses_on) = (Standing::Paused { since: today }, None);
        }
        self.lapse();
        match self.standing {
            Standing::Active if self.month_begins(today) => self.billed.push(today),
            Standing::Paused { .. } => _ = self.paused_days.insert(today),
            _ => {}
        }
    }

    fn lapse(&mut self) {
        if let Standing::Paused { since } = self.standing
            && since.saturating_add(4.months()) <= self.today
        {
            self.standing = Standing::Gone;
        }
    }

    fn start_again(&mut self) {
        (self.anchor, self.standing) = (self.today, Standing::Active);
        self.billed.push(self.today);
        self.paused_days.remove(&self.today);
    }

    /// Does an act, or answers that it is refused.
    fn act(&mut self, act: Act) -> bool {
        let today = self.today;
        match (act, self.standing) {
            (Act::Wait(days), _) => (0..days).for_each(|_| self.next_day()),
            (Act::WaitForMonth, _) => {
                let month_ends = self.month_ends();
                while self.today < month_ends {
                    self.next_day();
                }
            }
            (Act::Pause(months), Standing::Active) => {
                if self.pauses_on.is_some() || self.leaves_on.is_some() || !(1..=4).contains(&months) {
                    return false;
                }
                self.pauses_on = Some(self.month_ends());
            }
            (Act::Resume, Standing::Active) => return self.pauses_on.take().is_some(),
            (Act::Resume, Standing::Paused { since }) if since == today => {
                // The month that would have begun today begins.
                self.standing = Standing::Active;
                self.paused_days.remove(&today);
                self.billed.push(today);
            }
            (Act::Resume, Standing::Paused { .. }) => self.start_again(),
            (Act::Withdraw, Standing::Active | Standing::Suspended { .. })
                if self.leaves_on.is_none() && today <= self.start.saturating_add(14.days()) =>
            {
                (self.leaves_on, self.pauses_on) = (Some(today.saturating_add(1.day())), None);
            }
            (Act::Withdraw, Standing::Active) if self.leaves_on.is_none() => {
                (self.leaves_on, self.pauses_on) = (Some(self.month_ends()), None);
            }
            (
                Act::Withdraw,
                Standing::Paused { .. } | Standing::Suspended { .. } | Standing::Deciding { .. },
            ) => {
                if self.leaves_on.is_some() {
                    return false;
                }
                (self.standing, self.pauses_on) = (Standing::Gone, None);
            }
            (Act::Suspend, Standing::Active) => {
                self.standing = Standing::Suspended { since: today, month_ends: self.month_ends() };
            }
            (Act::Lift, Standing::Suspended { month_ends, .. }) => match self.pauses_on {
                Some(since) if since <= today => {
                    (self.standing, self.pauses_on) = (Standing::Paused { since }, None);
                    self.lapse();
                }
                _ if today < month_ends => self.standing = Standing::Active,
                _ => self.start_again(),
            },
            (Act::Conclude, Standing::Active | Standing::Paused { .. } | Standing::Suspended { .. }) => {
                let studied_today = match self.standing {
                    Standing::Suspended { since, .. } => since == today,
                    standing => standing == Standing::Active,
                };
                let month_began = (studied_today && self.month_begins(today)).then_some(today);
                self.standing = Standing::Deciding { month_began };
                (self.pauses_on, self.leaves_on) = (None, None);
            }
            // The month that began today was billed, and goes on.
            (Act::ProveAgain, Standing::Deciding { month_began: Some(day) }) if day == today => {
                self.standing = Standing::Active;
            }
            (Act::ProveAgain, Standing::Deciding { .. }) => self.start_again(),
            (Act::Complete, Standing::Deciding { .. }) => self.standing = Standing::Gone,
            (Act::Bill | Act::StorePlannedChanges, _) => {}
            _ => return false,
        }
        true
    }
}

/// The enrollment after an act, or nothing if it is refused.
fn done(enrollment: Enrollment, act: Act, now: Timestamp) -> Option<Enrollment> {
    match act {
        Act::Pause(months) => enrollment.pause(Some(months), &Terms::OPENING, now).ok(),
        Act::Resume => enrollment.resume(now).ok(),
        Act::Withdraw => enrollment.withdraw(&Terms::OPENING, now).ok(),
        Act::Suspend => enrollment.suspend(SuspensionCause::Unpaid, now).ok(),
        Act::Lift => enrollment.lift(now).ok(),
        Act::Conclude => enrollment.conclude(now).ok(),
        Act::ProveAgain => enrollment.prove_again(now).ok(),
        Act::Complete => enrollment.complete(AwardId::derived(&["award"]), now).ok(),
        Act::StorePlannedChanges => Some(enrollment.as_of(now)),
        Act::Wait(_) | Act::WaitForMonth | Act::Bill => Some(enrollment),
    }
}

/// Bills what is due, into a ledger that refuses a period twice.
fn bill(enrollment: &Enrollment, ledger: &mut Vec<(PeriodKey, Date)>, today: Date) {
    let last = ledger.last().map(|(key, _)| *key);
    for due in enrollment.periods_due(last, today).collect::<Vec<_>>() {
        assert!(ledger.iter().all(|(key, _)| *key < due.key), "{:?} twice or out of order", due.key);
        ledger.push((due.key, due.period.from));
    }
}

fn noon(enrollment: &Enrollment, day: Date) -> Timestamp {
    enrollment.time_zone.single(day.at(12, 0, 0, 0), None).expect("noon is never skipped")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_billed_is_what_a_clerk_would_bill(anchor in anchors(), acts in acts()) {
        let mut enrollment = begun(&anchor.to_string());
        let mut clerk = Clerk::new(anchor);
        let mut ledger = Vec::new();
        for act in acts {
            let accepted = clerk.act(act);
            let now = noon(&enrollment, clerk.today);
            let next = done(enrollment.clone(), act, now);
            prop_assert_eq!(accepted, next.is_some(), "{:?} on {}", act, clerk.today);
            enrollment = next.unwrap_or(enrollment);
            if matches!(act, Act::Bill) {
                bill(&enrollment, &mut ledger, clerk.today);
            }
            for pair in enrollment.pauses.windows(2) {
                prop_assert!(pair[0].to.is_some_and(|to| to < pair[1].from), "pauses overlap");
            }
        }
        bill(&enrollment, &mut ledger, clerk.today);
        let billed = Vec::from_iter(ledger.iter().map(|(_, from)| *from));
        prop_assert_eq!(&billed, &clerk.billed);
        prop_assert!(billed.iter().all(|day| !clerk.paused_days.contains(day)), "a paused day was billed");
    }
}
