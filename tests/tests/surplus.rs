//! Money that a provider takes while somebody else pays: it is recorded, and goes back.

use std::sync::Arc;

use domain::enrollment::PaymentMethod;
use domain::id::{InvoiceId, PaymentId};
use domain::invoice::{Invoice, Payment, PaymentKind, PaymentState};
use domain::job::Job;
use domain::ledger::{Account, Balances};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use infra::crowd::{Crowd, EDITION};
use infra::local_store::LocalStore;
use infra::seed;
use storage::clock::machine_now;
use storage::payment::KeptPayment;
use storage::queue::Settings;
use storage::{Clock, Item, Store};
use worker::Worker;
use worker::payment::{Charged, Collection, PaymentProvider, Providers, Return, Returned};

/// A provider that takes the money, while a transfer of the same amount is recorded.
struct Slow(Store);

async fn transfer(store: Store, id: InvoiceId) {
    let invoice = store.invoice_for_job(id).await.expect("read").expect("there");
    let now = machine_now();
    let payment = PaymentId::of_transfer(id, "T1");
    let payment = Payment::pending(payment, id, invoice.value.total, PaymentKind::Manual, now);
    let (paid, payment) =
        invoice.value.clone().record_payment(payment, Some("T1".into()), now).expect("owed");
    let kept = KeptPayment { enrollment: paid.enrollment, payment };
    let transaction = store.transaction::<()>().save(&invoice.with(paid), ()).save(&Item::new(kept), ());
    transaction.commit().await.expect("recorded");
}

impl PaymentProvider for Slow {
    fn charge<'a>(&'a self, collection: Collection<'a>) -> BoxFuture<'a, Charged> {
        async move {
            transfer(self.0.clone(), collection.invoice).await;
            Charged::Paid { reference: "late".into(), amount_minor: collection.amount.amount_minor }
        }
        .boxed()
    }

    fn look_up<'a>(&'a self, collection: Collection<'a>) -> BoxFuture<'a, Charged> {
        let amount_minor = collection.amount.amount_minor;
        ready(Charged::Paid { reference: "late".into(), amount_minor }).boxed()
    }

    fn send_back<'a>(&'a self, part: Return<'a>) -> BoxFuture<'a, Returned> {
        ready(Returned::Sent { reference: format!("back of {}", part.reference) }).boxed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_is_paid_twice_is_given_back_once() {
    let local = LocalStore::start(None).await.expect("a store");
    let store = local.store(Settings::default());
    seed::load_sample_catalog(&store).await.expect("loaded");
    let crowd = Crowd {
        students: 1,
        since: "2027-03-07".parse().expect("a date"),
        time_zone: "Europe/London".parse().expect("a zone"),
        method: PaymentMethod::Sandbox { token: "ok".into() },
    };
    crowd.enroll(&store).await.expect("enrolled");
    let now = "2027-04-07T12:00:00Z".parse().expect("an instant");
    Clock::set(&store, now).await.expect("set");
    let worker = Worker {
        store: store.clone(),
        clock: Clock::Simulated,
        providers: Arc::new(Providers::default().with(PaymentKind::Sandbox, Slow(store.clone()))),
        post: None,
        settings: worker::Settings::default(),
    };
    let mut kinds = Vec::new();
    while let Some(claimed) = store.claim("test", now, machine_now(), 1).await.expect("the store").pop() {
        kinds.push(claimed.job.kind());
        let mut tries = 0;
        // What somebody changed meanwhile is read again, as the worker does.
        while worker::jobs::run(&worker, &claimed).await.is_err() {
            tries += 1;
            assert!(tries < 3, "{:?} does not end", claimed.job);
        }
    }
    let edition = store.edition(&EDITION.parse().expect("a slug"), 1).await.expect("read").expect("there");
    let offer = edition.offer(crowd.since).expect("an offer");
    let enrollment = crowd.enrollment(0, &offer).expect("an enrollment").id;
    let invoices = store.invoices_for_job(enrollment).await.expect("read");
    let [Item { value: invoice, .. }] = &invoices[..] else { panic!("one invoice") };
    let Invoice { total, paid, refunded, .. } = invoice;
    assert_eq!((invoice.state.word(), *paid, *refunded), ("paid", total.times(2).expect("fits"), *total));
    let payments = store.payments_of(invoice).await.expect("read");
    assert!(payments.iter().all(|payment| matches!(payment.state, PaymentState::Paid { .. })));
    let refunds = store.refunds(enrollment, invoice.id).await.expect("read");
    let [Item { value: refund, .. }] = &refunds[..] else { panic!("one refund") };
    assert_eq!((refund.word(), refund.amount, refund.parts.len()), ("sent", *total, 1));
    assert_eq!(refund.parts[0].method, PaymentKind::Sandbox, "what came last goes back");
    // What came is its payer's credit, and goes back; the receivable is the transfer's, whose entry is left out here.
    let (day, mut balances) = ("2027-04-07".parse().expect("a date"), Balances::default());
    let (entries, _) = store.ledger_entries("GB", 0, day, None, 100).await.expect("read");
    for entry in entries {
        balances = balances.plus(&entry.postings).expect("fits");
    }
    let left = |account| balances.of(account, total.currency).amount_minor;
    assert_eq!([Account::Receivable, Account::CustomerCredit, Account::Refunds].map(left), [30_000, 0, 0]);
    assert!(kinds.contains(&Job::Refund { enrollment, invoice: invoice.id, refund: refund.id }.kind()));
    local.stop().await;
}
