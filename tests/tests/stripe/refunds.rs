//! Money given back once.

use super::*;

#[tokio::test]
async fn a_refund_is_sent_once_however_often_it_is_asked() {
    let till = Till::open().await;
    let reference = is_paid(&till.charge(&card("pm_card_visa")).await);
    let sent = till.send_back("1", &reference, 10_000).await;
    assert!(matches!(sent, Returned::Sent { .. }), "{sent:?}");
    assert_eq!(till.send_back("1", &reference, 10_000).await, sent);
    till.server.forget_keys();
    assert_eq!(till.send_back("1", &reference, 10_000).await, sent);
    assert_ne!(till.send_back("2", &reference, 10_000).await, sent);
    assert_eq!(till.server.refunded(&till.invoice.to_string()), 20_000);
}

#[tokio::test]
async fn a_refund_that_nobody_heard_of_is_found() {
    let till = Till::open().await;
    let reference = is_paid(&till.charge(&card("pm_card_visa")).await);
    for (refund, fault) in [("1", Fault::TimeOutAfterCapture), ("2", Fault::TimeOutBeforeCapture)] {
        till.server.fail_next(fault);
        assert_eq!(till.send_back(refund, &reference, 10_000).await, Returned::Unknown);
        till.server.forget_keys();
        let sent = till.send_back(refund, &reference, 10_000).await;
        assert!(matches!(sent, Returned::Sent { .. }), "{sent:?}");
    }
    assert_eq!(till.server.refunded(&till.invoice.to_string()), 20_000);
}

#[tokio::test]
async fn more_than_was_paid_is_not_given_back() {
    let till = Till::open().await;
    let reference = is_paid(&till.charge(&card("pm_card_visa")).await);
    let refused = |reason: &str| Returned::Refused { reason: reason.to_owned() };
    assert_eq!(till.send_back("1", &reference, 30_001).await, refused("amount_too_large"));
    till.send_back("2", &reference, 30_000).await;
    assert_eq!(till.send_back("3", &reference, 1).await, refused("charge_already_refunded"));
    assert_eq!(till.send_back("4", "pi_none", 1).await, refused("resource_missing"));
    assert_eq!(till.send_back("5", &reference, 0).await, refused("amount_not_positive"));
}
