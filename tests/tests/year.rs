//! S1: a student's first year, as `cargo run -- demo` plays it. Needs ffmpeg (`make tools`).

#[tokio::test]
async fn a_year_ends_with_twelve_invoices_six_recordings_and_a_credential() {
    let outcome = infra::demo::run().await.expect("the year comes to its end");
    let said = "12 invoices, GBP 3,600.00; 6 recordings verified; 1 credential verified; 29 countries";
    assert_eq!(outcome.to_string(), said);
}
