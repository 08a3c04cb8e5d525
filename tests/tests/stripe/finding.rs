//! Calls that nobody heard the answer of, and payments that are hard to find.

use super::*;

#[tokio::test]
async fn the_keys_of_yesterday_are_not_needed() {
    for method in [card("pm_card_visa"), bare("pm_card_visa")] {
        let till = Till::open().await;
        let reference = is_paid(&till.charge(&method).await);
        till.server.forget_keys();
        assert_eq!(is_paid(&till.charge(&method).await), reference);
        assert_eq!(till.counts(), (1, 1, 1));
    }
}

#[tokio::test]
async fn a_payer_who_became_another_customer_keeps_the_intent() {
    let till = Till::open().await;
    till.server.fail_next(Fault::TimeOutAfterCapture);
    assert_eq!(till.charge(&card_of("pm_card_visa", "cus_1")).await, Charged::Unknown);
    till.server.forget_keys();
    is_paid(&till.look_up(&card_of("pm_card_visa", "cus_2")).await);
    is_paid(&till.charge(&card_of("pm_card_visa", "cus_2")).await);
    assert_eq!(till.counts(), (1, 1, 1));
}

#[tokio::test]
async fn a_capture_that_nobody_heard_of_is_found_and_never_repeated() {
    for method in [card("pm_card_visa"), bare("pm_card_visa")] {
        let till = Till::open().await;
        till.server.fail_next(Fault::TimeOutAfterCapture);
        assert_eq!(till.charge(&method).await, Charged::Unknown);
        let reference = is_paid(&till.look_up(&method).await);
        assert_eq!(is_paid(&till.charge(&method).await), reference);
        assert_eq!(till.counts(), (1, 1, 1));
    }
}

#[tokio::test]
async fn a_call_that_never_arrived_took_nothing_and_may_be_made_again() {
    for method in [card("pm_card_visa"), bare("pm_card_visa")] {
        let till = Till::open().await;
        till.server.fail_next(Fault::TimeOutBeforeCapture);
        assert_eq!(till.charge(&method).await, Charged::Unknown);
        assert_eq!(till.look_up(&method).await, Charged::Absent);
        is_paid(&till.charge(&method).await);
        assert_eq!(till.counts(), (1, 1, 1));
    }
}

#[tokio::test]
async fn a_first_try_looks_for_nothing_and_is_still_made_once() {
    let till = Till::open().await;
    let method = card("pm_card_visa");
    // Neither list nor search would find it.
    till.server.search_lags();
    till.server.all_of("cus_2");
    let first = Collection { tries: 1, ..collection(till.invoice, pounds(30_000), &method) };
    till.server.fail_next(Fault::TimeOutAfterCapture);
    assert_eq!(till.stripe.charge(first).await, Charged::Unknown);
    is_paid(&till.stripe.charge(first).await);
    assert_eq!(till.counts(), (1, 1, 1));
}

#[tokio::test]
async fn a_retry_that_nobody_heard_of_is_found_and_never_repeated() {
    let till = Till::open().await;
    let method = card("pm_declines_1");
    till.charge(&method).await;
    till.server.fail_next(Fault::TimeOutAfterCapture);
    assert_eq!(till.charge(&method).await, Charged::Unknown);
    is_paid(&till.look_up(&method).await);
    is_paid(&till.charge(&method).await);
    assert_eq!(till.counts(), (1, 2, 1));
}

#[tokio::test]
async fn a_retry_that_was_declined_unheard_is_answered_by_the_next_one() {
    let till = Till::open().await;
    let method = card("pm_declines_2");
    till.charge(&method).await;
    till.server.fail_next(Fault::TimeOutAfterCapture);
    assert_eq!(till.charge(&method).await, Charged::Unknown);
    assert_eq!(till.look_up(&method).await, declined("insufficient_funds", Retry::MayHelp));
    is_paid(&till.charge(&method).await);
    assert_eq!(till.counts(), (1, 3, 1));
}

#[tokio::test]
async fn while_the_search_lags_the_list_and_the_key_answer() {
    let till = Till::open().await;
    till.server.search_lags();
    let method = bare("pm_declines_1");
    assert_eq!(till.charge(&method).await, declined("insufficient_funds", Retry::MayHelp));
    is_paid(&till.charge(&method).await);
    is_paid(&till.look_up(&method).await);
    assert_eq!(till.counts(), (1, 2, 1));
}

#[tokio::test]
async fn a_search_that_is_out_of_date_decides_nothing() {
    for method in [card_of("pm_card_visa", "cus_2"), bare("pm_card_visa")] {
        let till = Till::open().await;
        let soft = declined("insufficient_funds", Retry::MayHelp);
        assert_eq!(till.charge(&card_of("pm_declines_1", "cus_1")).await, soft);
        // The search goes on showing the decline, and no list of this payer's has the intent.
        till.server.search_lags();
        assert_eq!(till.look_up(&method).await, soft);
        till.server.process(&till.invoice.to_string());
        assert_eq!(till.look_up(&method).await, Charged::Unknown);
        assert_eq!(till.charge(&method).await, Charged::Unknown);
        till.server.settle();
        is_paid(&till.look_up(&method).await);
        is_paid(&till.charge(&method).await);
        assert_eq!(till.counts(), (1, 1, 1));
    }
}

#[tokio::test]
async fn a_thousand_younger_payments_hide_an_intent_from_the_list_but_not_from_its_key() {
    let till = Till::open().await;
    till.server.search_lags();
    let method = bare("pm_declines_1");
    till.charge(&method).await;
    for number in 0..1_001 {
        let other = InvoiceId::derived(&["other", &number.to_string()]);
        is_paid(&till.charge_of(other, pounds(1), &card_of("pm_card_visa", &format!("cus_{number}"))).await);
    }
    // Found by the key alone: creating answers with the intent of then, which is taken on.
    is_paid(&till.charge(&method).await);
    assert_eq!(till.counts(), (1, 2, 1));
}

#[tokio::test]
async fn a_payer_with_more_payments_than_we_read_is_not_charged_blindly() {
    let till = Till::open().await;
    till.server.search_lags();
    let method = card("pm_card_visa");
    is_paid(&till.charge(&method).await);
    for number in 0..1_001 {
        let other = InvoiceId::derived(&["other", &number.to_string()]);
        is_paid(&till.charge_of(other, pounds(1), &card_of("pm_card_visa", &format!("cus_{number}_"))).await);
    }
    till.server.all_of("cus_1");
    till.server.forget_keys();
    assert_eq!(till.charge(&method).await, Charged::Unknown);
    assert_eq!(till.look_up(&method).await, Charged::Unknown);
    assert_eq!(till.counts(), (1, 1, 1));
}

#[tokio::test]
async fn whoever_comes_second_hears_that_it_is_paid() {
    let till = Till::open().await;
    let method = card("pm_declines_1");
    till.charge(&method).await;
    till.server.fail_next(Fault::AnotherIsFaster);
    is_paid(&till.charge(&method).await);
    assert_eq!(till.counts(), (1, 2, 1));
}
