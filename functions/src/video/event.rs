//! What a provider tells of a room: five words of it, the rest is passed over.
//!
//! Source: <https://developer.8x8.com/jaas/docs/webhooks-payload>.

use domain::id::{PersonId, StayId};
use domain::session::Attendance;
use domain::video::happened_at;
use jiff::Timestamp;
use serde::Deserialize;

use crate::webhook::WebhookRefused;

/// The longest event that is read: JaaS's are about a thousand bytes.
pub const EVENT_BYTES_MAX: usize = 16 * 1024;
/// The longest word in one.
const WORD_BYTES_MAX: usize = 512;

/// Word of somebody who came or left, or of something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where; nothing where it is no room as we name them.
    pub room: Option<RoomOf>,
    /// Who came or left; nothing where it tells of something else.
    who: Option<Who>,
    at: Timestamp,
}

/// A room, as events name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomOf {
    /// Whose application's.
    pub app_id: String,
    /// Its name there.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Who {
    person: PersonId,
    stay: StayId,
    left: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    event_type: String,
    timestamp: i64,
    fqn: String,
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    participant_id: Option<String>,
    #[serde(default)]
    is_breakout: bool,
}

impl Event {
    /// Reads a verified body. What the provider may add is passed over; what we use is held to its form.
    pub fn parse(body: &[u8]) -> Result<Self, WebhookRefused> {
        if body.len() > EVENT_BYTES_MAX {
            return Err(WebhookRefused::Malformed);
        }
        let Wire { event_type, timestamp, fqn, data } =
            serde_json::from_slice(body).map_err(|_| WebhookRefused::Malformed)?;
        let at = Timestamp::from_millisecond(timestamp).map_err(|_| WebhookRefused::Malformed)?;
        let words = [Some(&event_type), Some(&fqn), data.id.as_ref(), data.participant_id.as_ref()];
        if event_type.is_empty() || words.into_iter().flatten().any(|word| word.len() > WORD_BYTES_MAX) {
            return Err(WebhookRefused::Malformed);
        }
        let left = match event_type.as_str() {
            "PARTICIPANT_JOINED" => Some(false),
            "PARTICIPANT_LEFT" => Some(true),
            _ => None,
        };
        let who = match left.filter(|_| !data.is_breakout) {
            Some(left) => data.who(left)?,
            None => None,
        };
        let room = fqn.rsplit_once('/').map(|(app_id, name)| {
            let [app_id, name] = [app_id, name].map(str::to_owned);
            RoomOf { app_id, name }
        });
        Ok(Self { room, who, at })
    }

    /// The stay that it tells of, by the school's clock.
    pub fn stay(&self, now: Timestamp) -> Option<Attendance> {
        let Who { person, stay, left } = *self.who.as_ref()?;
        let at = happened_at(self.at, now);
        Some(Attendance { person, joined_at: at, left_at: left.then_some(at), stay: Some(stay) })
    }
}

impl Data {
    /// Who it is about; nobody of ours where the token was not ours.
    fn who(&self, left: bool) -> Result<Option<Who>, WebhookRefused> {
        let participant = self.participant_id.as_deref().filter(|participant| !participant.is_empty());
        let participant = participant.ok_or(WebhookRefused::Malformed)?;
        let person: Option<PersonId> = self.id.as_deref().and_then(|id| id.parse().ok());
        Ok(person.map(|person| {
            let stay = StayId::derived(&[&person.to_string(), participant]);
            Who { person, stay, left }
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn person() -> PersonId {
        PersonId::derived(&["maya"])
    }

    fn event() -> Value {
        json!({
            "idempotencyKey": "d11f155d", "customerId": "c28", "appId": "app", "sessionId": "c33",
            "eventType": "PARTICIPANT_JOINED", "timestamp": 1_804_611_600_250_i64, "fqn": "app/room",
            "data": { "id": person().to_string(), "participantId": "a1", "name": "Maya", "moderator": false },
        })
    }

    fn parse(event: &Value) -> Result<Event, WebhookRefused> {
        Event::parse(event.to_string().as_bytes())
    }

    #[test]
    fn an_event_says_who_was_where_when() {
        let at = Timestamp::from_millisecond(1_804_611_600_250).expect("an instant");
        let mut sent = event();
        let joined = parse(&sent).expect("an event");
        assert_eq!(joined.room, Some(RoomOf { app_id: "app".into(), name: "room".into() }));
        let came = joined.stay(at).expect("a stay");
        assert_eq!((came.person, came.joined_at, came.left_at), (person(), at, None));
        sent["eventType"] = json!("PARTICIPANT_LEFT");
        let left = parse(&sent).expect("an event").stay(at).expect("a stay");
        assert_eq!((left.stay, left.left_at), (came.stay, Some(at)));
        sent["data"]["participantId"] = json!("a2");
        assert_ne!(parse(&sent).expect("an event").stay(at).expect("a stay").stay, came.stay);
    }

    #[test]
    fn other_events_and_other_people_tell_of_no_stay() {
        let check = |pointer: &str, value: Value| {
            let mut sent = event();
            *sent.pointer_mut(pointer).expect("a place") = value;
            let parsed = parse(&sent).expect("an event");
            assert_eq!(parsed.stay(Timestamp::UNIX_EPOCH), None, "{pointer}");
        };
        check("/eventType", json!("RECORDING_STARTED"));
        check("/data/id", json!("auth0|1"));
        check("/data/id", Value::Null);
        check("/data", json!({"isBreakout": true, "id": person().to_string(), "participantId": "a1"}));
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let check = |pointer: &str, value: Value| {
            let mut sent = event();
            *sent.pointer_mut(pointer).expect("a place") = value;
            assert_eq!(parse(&sent), Err(WebhookRefused::Malformed), "{pointer}");
        };
        check("/eventType", json!(""));
        check("/eventType", json!(1));
        check("/timestamp", json!("now"));
        check("/timestamp", json!(i64::MAX));
        check("/fqn", Value::Null);
        check("/fqn", json!("x".repeat(600)));
        check("/data", json!([]));
        check("/data/participantId", json!(""));
        check("/data/participantId", Value::Null);
        for body in ["", "{}", "[]", "null", "{\"eventType\":"] {
            assert_eq!(Event::parse(body.as_bytes()), Err(WebhookRefused::Malformed), "{body}");
        }
        let long = " ".repeat(EVENT_BYTES_MAX) + &event().to_string();
        assert_eq!(Event::parse(long.as_bytes()), Err(WebhookRefused::Malformed));
    }
}
