//! Word from Stripe, which comes signed, late, twice and out of order.
//!
//! An event is a hint, not a fact to book from: whoever receives one asks Stripe for the intent's
//! state. So their order does not matter, and the state is never older than the event.

mod event;
mod signature;

pub use self::event::{BODY_BYTES_MAX, Event};
pub use self::signature::{HEADER, TOLERANCE, WebhookKeys, WebhookRefused};
