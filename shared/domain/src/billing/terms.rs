//! The numbers of policy about enrollment and money, as data.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

/// What the school promises and asks for, from a date on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The first date they are in force.
    pub since: Date,
    /// Days until a quote expires.
    pub quote_days: u16,
    /// Months after which a pause that nobody ended is a withdrawal.
    pub pause_months_max: u32,
    /// Days before a pause's end on which the student is reminded.
    pub pause_reminder_days: [u16; 2],
    /// Days from an invoice's issue to the date it is due.
    pub payment_days: u16,
    /// Days that an invoice may be past due before the enrollment is suspended.
    pub grace_days: u16,
    /// Days of active time that a student may be without a mentor.
    pub mentor_gap_days_max: u16,
    /// Days after the start in which a withdrawal takes the contract back.
    pub cooling_off_days: u16,
    /// Days after the due date on which a refused payment is tried again.
    pub dunning_days: [u16; DUNNING_TRIES],
    /// What is owed of the month in which study ends with the degree.
    pub completion: Completion,
    /// When a pause begins.
    pub pause_begins: PauseBegins,
}

/// How often a refused payment is tried again.
pub const DUNNING_TRIES: usize = 6;

/// What is owed of the month in which all projects are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completion {
    /// All of it.
    MonthOwed,
    /// The days up to the last one, that one included.
    Prorated,
}

/// When a pause that is asked for begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseBegins {
    /// When the paid period ends.
    AtPeriodEnd,
    /// The next day; the days left of the paid period are credited.
    ImmediateWithCredit,
}

impl Terms {
    /// The terms the school opens with. Source: the school's policy of January 2026; the days of
    /// cooling off are Directive 2011/83/EU's. An invoice is due on the day it is issued.
    pub const OPENING: Self = Self {
        since: date(2026, 1, 1),
        quote_days: 30,
        pause_months_max: 4,
        pause_reminder_days: [14, 3],
        payment_days: 0,
        grace_days: 10,
        mentor_gap_days_max: 7,
        cooling_off_days: 14,
        dunning_days: [1, 3, 5, 7, 10, 14],
        completion: Completion::MonthOwed,
        pause_begins: PauseBegins::AtPeriodEnd,
    };
}
