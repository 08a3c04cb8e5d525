//! What a webhook is about: four words of it, the rest is asked for.

use std::collections::BTreeMap;

use domain::id::{InvoiceId, RefundId};
use serde::Deserialize;

use crate::webhook::WebhookRefused;

/// The longest event we read: Stripe's are a few thousand bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// The longest id, by Stripe's word.
const ID_CHARS_MAX: usize = 255;

/// Word that something happened to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event's id: the same when it is sent again.
    pub id: String,
    /// What happened, such as `payment_intent.succeeded`.
    pub kind: String,
    /// Stripe's id of what it happened to, such as an intent.
    pub object: String,
    /// Our invoice that it names; others of the account's events name none.
    pub invoice: Option<InvoiceId>,
    /// Our refund that it names, where it is about one.
    pub refund: Option<RefundId>,
}

#[derive(Deserialize)]
struct Wire {
    id: String,
    object: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    id: String,
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
}

impl Event {
    /// Reads a verified body. What Stripe may add is passed over; what we use is held to its form.
    pub fn parse(body: &[u8]) -> Result<Self, WebhookRefused> {
        if body.len() > BODY_BYTES_MAX {
            return Err(WebhookRefused::Malformed);
        }
        let wire: Wire = serde_json::from_slice(body).map_err(|_| WebhookRefused::Malformed)?;
        let words = |text: &str, more: u8| {
            let known = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == more;
            (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(known)
        };
        let formed = wire.object == "event"
            && wire.id.starts_with("evt_")
            && words(&wire.id, b'_')
            && words(&wire.kind, b'.')
            && words(&wire.data.object.id, b'_');
        if !formed {
            return Err(WebhookRefused::Malformed);
        }
        let Object { id: object, metadata } = wire.data.object;
        let named = |word: &str| metadata.as_ref().and_then(|metadata| metadata.get(word));
        let invoice = named("invoice").and_then(|invoice| invoice.parse().ok());
        let refund = named("refund").and_then(|refund| refund.parse().ok());
        Ok(Self { id: wire.id, kind: wire.kind, object, invoice, refund })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event() -> Value {
        json!({
            "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "livemode": false,
            "data": { "object": { "id": "pi_1", "object": "payment_intent", "metadata": {} } },
        })
    }

    fn parse(event: &Value) -> Result<Event, WebhookRefused> {
        Event::parse(event.to_string().as_bytes())
    }

    #[test]
    fn an_event_says_what_happened_to_which_invoice() {
        let (invoice, refund) = (InvoiceId::derived(&["x"]), RefundId::derived(&["x"]));
        let mut sent = event();
        sent["data"]["object"]["metadata"]["invoice"] = json!(invoice.to_string());
        let expected = Event {
            id: "evt_1".into(),
            kind: "payment_intent.succeeded".into(),
            object: "pi_1".into(),
            invoice: Some(invoice),
            refund: None,
        };
        assert_eq!(parse(&sent), Ok(expected));
        sent["data"]["object"]["metadata"]["refund"] = json!(refund.to_string());
        assert_eq!(parse(&sent).map(|event| event.refund), Ok(Some(refund)));
    }

    #[test]
    fn an_event_of_something_else_names_no_invoice() {
        let mut foreign = event();
        foreign["data"]["object"]["metadata"]["invoice"] = json!("2027-0001");
        let mut bare = event();
        bare["data"]["object"] = json!({ "id": "re_1" });
        for sent in [event(), foreign, bare] {
            assert_eq!(parse(&sent).map(|event| event.invoice), Ok(None), "{sent}");
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let check = |pointer: &str, value: Value| {
            let mut sent = event();
            *sent.pointer_mut(pointer).expect("a place") = value;
            assert_eq!(parse(&sent), Err(WebhookRefused::Malformed), "{pointer}");
        };
        check("/id", json!("pi_1"));
        check("/id", json!(format!("evt_{}", "x".repeat(300))));
        check("/object", json!("payment_intent"));
        check("/type", json!(""));
        check("/type", json!("a b"));
        check("/data", json!(null));
        check("/data/object/id", json!("../x"));
        check("/data/object/metadata", json!([1]));
        for body in ["", "{}", "[]", "null", "{\"id\":"] {
            assert_eq!(Event::parse(body.as_bytes()), Err(WebhookRefused::Malformed), "{body}");
        }
        let long = " ".repeat(BODY_BYTES_MAX) + &event().to_string();
        assert_eq!(Event::parse(long.as_bytes()), Err(WebhookRefused::Malformed));
    }
}
