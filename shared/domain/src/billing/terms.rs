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
}

impl Terms {
    /// The terms the school opens with. Source: the domain's states and invariants; no payment
    /// term is set there, so an invoice is due on the day it is issued.
    pub const OPENING: Self = Self {
        since: date(2026, 1, 1),
        quote_days: 30,
        pause_months_max: 4,
        pause_reminder_days: [14, 3],
        payment_days: 0,
        grace_days: 10,
        mentor_gap_days_max: 7,
    };
}
