//! Events as Stripe sends them: signed, twice and out of order.

use super::*;

#[tokio::test]
async fn a_signed_event_names_the_intent_and_its_invoice() {
    let till = Till::open().await;
    let method = card("pm_declines_1");
    till.charge(&method).await;
    let reference = is_paid(&till.charge(&method).await);
    let keys = WebhookKeys::new(Form::Hex, ["whsec_1"]);
    let now: Timestamp = "2027-02-08T10:00:00Z".parse().expect("an instant");
    let read = |event| {
        let (header, body) = signed(event, "whsec_1", now);
        keys.verify(Some(header.as_bytes()), &body, now).and_then(|()| Event::parse(&body))
    };
    let events = till.server.events();
    // The other way round and twice: what they say is the same.
    let told = Vec::from_iter(events.iter().rev().chain(&events).map(|event| read(event).expect("an event")));
    assert!(told.iter().all(|event| event.object == reference && event.invoice == Some(till.invoice)));
    let kinds = Vec::from_iter(told.iter().map(|event| event.kind.as_str()));
    let (failed, succeeded) = ("payment_intent.payment_failed", "payment_intent.succeeded");
    assert_eq!(kinds, [succeeded, failed, failed, succeeded]);

    let (header, body) = signed(&events[0], "whsec_2", now);
    let refused = keys.verify(Some(header.as_bytes()), &body, now);
    assert_eq!(refused, Err(WebhookRefused::WrongSignature));
}

#[tokio::test]
async fn events_arrive_signed_twice_and_out_of_order() {
    let till = Till::open().await;
    let method = card("pm_declines_1");
    till.charge(&method).await;
    till.charge(&method).await;
    let now: Timestamp = "2027-02-08T10:00:00Z".parse().expect("an instant");
    let take = move |headers: axum::http::HeaderMap, body: axum::body::Bytes| async move {
        let header = headers.get(HEADER).map(|header| header.as_bytes());
        let read = WebhookKeys::new(Form::Hex, ["whsec_1"])
            .verify(header, &body, now)
            .and_then(|()| Event::parse(&body));
        if read.is_ok() { axum::http::StatusCode::OK } else { axum::http::StatusCode::BAD_REQUEST }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let routes = axum::Router::new().route("/", axum::routing::post(take));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let events = till.server.events();
    let mixed = Vec::from_iter(events.iter().rev().chain(&events));
    let statuses = send(mixed, &url, "whsec_1", now).await.expect("sent");
    assert_eq!(statuses, [200, 200, 200, 200]);
    assert_eq!(send(&events[..1], &url, "whsec_2", now).await.expect("sent"), [400]);
}
