//! Stripe's provider against `localstripe`, which others wrote: what we send is understood, and what
//! it sends, signed webhooks too, we understand.
//!
//! It does not honor idempotency keys, does not search and cannot confirm an intent again after a
//! decline: that an invoice is paid once is held by the tests against our own server.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use domain::enrollment::PaymentMethod;
use domain::id::{InvoiceId, PaymentId, RefundId};
use domain::invoice::Retry;
use domain::money::{Currency, Money};
use functions::stripe::{Event, HEADER};
use functions::webhook::{Form, WebhookKeys};
use serde_json::{Value, json};
use storage::clock::machine_now;
use tests::ports::{free_address, listens};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use worker::payment::stripe::{Settings, Stripe};
use worker::payment::{Charged, Collection, PaymentProvider, Return, Returned};
use worker::secret::Secret;

/// Where a fresh `localstripe` listens already; else the test starts its own.
const URL_VARIABLE: &str = "LOCALSTRIPE_URL";
/// Longer than it takes on a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(20);
const KEY: &str = "sk_test_localstripe";
const WEBHOOK_SECRET: &str = "whsec_localstripe";

/// Its own command listens on every address of the machine and keeps what it knows in a file under
/// /tmp; this one listens on loopback and keeps nothing.
const ON_LOOPBACK: &str = "\
import sys
from aiohttp import web
from localstripe.resources import store
from localstripe.server import app
store.dump_to_disk = lambda: None
web.run_app(app, host='127.0.0.1', port=int(sys.argv[1]), print=None)
";

/// A running `localstripe`; what was started here ends with this value.
struct Localstripe {
    url: String,
    stripe: Stripe,
    _process: Option<Child>,
}

impl Localstripe {
    async fn open() -> Self {
        let (url, process) = match std::env::var(URL_VARIABLE) {
            Ok(url) => (url, None),
            Err(_) => {
                let address = free_address();
                let mut process = Command::new(python())
                    .args(["-c", ON_LOOPBACK, &address.port().to_string()])
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .kill_on_drop(true)
                    .spawn()
                    .expect("python starts");
                listens(&mut process, address).await;
                (format!("http://{address}"), Some(process))
            }
        };
        let key = Secret::new(KEY);
        let settings = Settings { base_url: url.clone(), key, call_max: ANSWER_MAX };
        let stripe = Stripe::new(settings).expect("a client");
        Self { url, stripe, _process: process }
    }

    async fn charge(&self, invoice: InvoiceId, token: &str) -> Charged {
        self.stripe.charge(collection(invoice, &card(token))).await
    }

    /// Asks as after a refusal: what is there is looked for first.
    async fn charge_again(&self, invoice: InvoiceId, token: &str) -> Charged {
        let method = card(token);
        self.stripe.charge(Collection { tries: 2, ..collection(invoice, &method) }).await
    }

    /// The intents that it has for an invoice.
    async fn intents(&self, invoice: InvoiceId) -> Vec<Value> {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let url = format!("{}/v1/payment_intents?limit=100", self.url);
        let listed = http.get(url).bearer_auth(KEY).send().await.expect("an answer");
        let listed: Value = listed.json().await.expect("JSON");
        let all = listed["data"].as_array().expect("a list").iter();
        all.filter(|intent| intent["metadata"]["invoice"] == invoice.to_string()).cloned().collect()
    }

    /// Lets it send its events here.
    async fn send_events_to(&self, url: &str) {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let hook = json!({ "url": url, "secret": WEBHOOK_SECRET });
        let asked = http.post(format!("{}/_config/webhooks/compagnon", self.url)).json(&hook).send().await;
        assert_eq!(asked.expect("an answer").status(), 200);
    }
}

fn collection(invoice: InvoiceId, method: &PaymentMethod) -> Collection<'_> {
    Collection { invoice, amount: Money::minor(30_000, Currency::Gbp), method, tries: 1 }
}

fn card(token: &str) -> PaymentMethod {
    PaymentMethod::Card { token: token.to_owned(), customer: None }
}

#[track_caller]
fn reference(charged: &Charged) -> String {
    let Charged::Paid { reference, .. } = charged else { panic!("{charged:?}") };
    reference.clone()
}

fn python() -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/venv/bin/python");
    let installed = python.with_file_name("localstripe").exists();
    assert!(installed, "localstripe is not installed: run `make tools`, then test again");
    python
}

type Delivery = (HeaderMap, Bytes);

/// An address that takes webhooks, and what arrives there.
async fn mailbox() -> (String, UnboundedReceiver<Delivery>) {
    async fn take(State(box_): State<UnboundedSender<Delivery>>, headers: HeaderMap, body: Bytes) {
        let _ = box_.send((headers, body));
    }
    let (sender, receiver) = unbounded_channel();
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let routes = Router::new().route("/", post(take)).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, receiver)
}

#[tokio::test]
async fn a_card_that_works_pays_once_and_is_given_back() {
    let local = Localstripe::open().await;
    let invoice = InvoiceId::derived(&["paid"]);
    let paid = reference(&local.charge(invoice, "pm_card_visa").await);
    assert_eq!(reference(&local.charge_again(invoice, "pm_card_visa").await), paid);
    let method = card("pm_card_visa");
    assert_eq!(reference(&local.stripe.look_up(collection(invoice, &method)).await), paid);
    let intents = local.intents(invoice).await;
    assert_eq!(intents.len(), 1);
    assert_eq!((&intents[0]["amount"], &intents[0]["currency"]), (&json!(30_000), &json!("gbp")));

    let send_back = |refund: &str| Return {
        refund: RefundId::derived(&[refund]),
        invoice,
        payment: PaymentId::of_charge(invoice),
        reference: &paid,
        amount: Money::minor(10_000, Currency::Gbp),
    };
    let sent = local.stripe.send_back(send_back("1")).await;
    assert!(matches!(sent, Returned::Sent { .. }), "{sent:?}");
    assert_eq!(local.stripe.send_back(send_back("1")).await, sent);
    assert_ne!(local.stripe.send_back(send_back("2")).await, sent);
}

#[tokio::test]
async fn a_decline_is_heard_and_no_second_intent_is_made() {
    let local = Localstripe::open().await;
    let invoice = InvoiceId::derived(&["declined"]);
    let declined = Charged::Declined { reason: "card_declined".to_owned(), retry: Retry::MayHelp };
    assert_eq!(local.charge(invoice, "pm_card_chargeCustomerFail").await, declined);
    let method = card("pm_card_chargeCustomerFail");
    assert_eq!(local.stripe.look_up(collection(invoice, &method)).await, declined);
    // Here it differs from Stripe: it knows no second confirmation, and says that the call is wrong.
    assert_eq!(local.charge_again(invoice, "pm_card_visa").await, Charged::Unknown);
    assert_eq!(local.intents(invoice).await.len(), 1);
}

#[tokio::test]
async fn its_webhooks_are_believed_and_name_the_invoice() {
    let local = Localstripe::open().await;
    let (url, mut received) = mailbox().await;
    local.send_events_to(&url).await;
    let invoice = InvoiceId::derived(&["webhook"]);
    let paid = reference(&local.charge(invoice, "pm_card_visa").await);
    let keys = WebhookKeys::new(Form::Hex, [WEBHOOK_SECRET]);
    let succeeded = loop {
        let (headers, body) =
            tokio::time::timeout(ANSWER_MAX, received.recv()).await.expect("in time").expect("one");
        let header = headers.get(HEADER).map(|header| header.as_bytes());
        assert_eq!(keys.verify(header, &body, machine_now()), Ok(()));
        assert!(WebhookKeys::new(Form::Hex, ["whsec_other"]).verify(header, &body, machine_now()).is_err());
        let event = Event::parse(&body).expect("an event");
        if event.kind == "payment_intent.succeeded" && event.invoice == Some(invoice) {
            break event;
        }
    };
    assert_eq!(succeeded.object, paid);
}
