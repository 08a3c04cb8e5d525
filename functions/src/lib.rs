//! The school's HTTPS interface: routes, who is asking, problems.

pub mod signing; // the school's signature under credentials
pub mod token; // who is asking
