use aws_sdk_s3::presigning::PresigningConfig;
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ETAG, ORIGIN};
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

fn for_a_minute() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute")
}

async fn part_url(client: &Client, id: &str, how_long: PresigningConfig) -> String {
    let part = client.upload_part().bucket(BUCKET).key("a film.mp4").upload_id(id).part_number(1);
    part.presigned(how_long).await.expect("a URL").uri().to_owned()
}

#[tokio::test]
async fn a_browser_sends_a_bare_part_to_a_presigned_url() {
    let store = Running::start().await;
    let id = store.begin("a film.mp4").await;
    let url = part_url(&store.client, &id, for_a_minute()).await;
    let http = reqwest::Client::new();
    let origin = "http://localhost:8080";
    let asked = http.request(Method::OPTIONS, &url).header(ORIGIN, origin);
    let asked = asked.header("access-control-request-method", "PUT").send().await.expect("a preflight");
    assert_eq!(asked.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], origin);

    let sent = http.put(&url).header(ORIGIN, origin).body(bytes(1, 5000)).send().await.expect("a part");
    assert_eq!(sent.status(), StatusCode::OK);
    assert_eq!(sent.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], origin);
    assert!(sent.headers()["access-control-expose-headers"].to_str().expect("text").contains("etag"));
    let etag = sent.headers()[ETAG].to_str().expect("text").to_owned();
    let part = CompletedPart::builder().part_number(1).e_tag(etag).build();
    let complete = store.client.complete_multipart_upload().bucket(BUCKET).key("a film.mp4").upload_id(&id);
    complete.multipart_upload(listed([part])).send().await.expect("complete");

    let get = store.client.get_object().bucket(BUCKET).key("a film.mp4");
    let get = get.response_content_disposition("attachment").presigned(for_a_minute()).await.expect("a URL");
    let got = http.get(get.uri()).header("range", "bytes=10-19").send().await.expect("get");
    assert_eq!(got.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(got.headers()["content-disposition"], "attachment");
    assert_eq!(got.bytes().await.expect("bytes"), bytes(1, 5000)[10..20]);
}

#[tokio::test]
async fn only_signed_requests_are_answered() {
    let store = Running::start().await;
    let id = store.begin("a film.mp4").await;
    let url = part_url(&store.client, &id, for_a_minute()).await;
    let earlier = PresigningConfig::builder()
        .start_time(new_year() - Duration::from_secs(365 * 86_400))
        .expires_in(Duration::from_secs(60))
        .build()
        .expect("a minute");
    let http = reqwest::Client::new();
    for (why, url) in [
        ("another part", url.replace("partNumber=1", "partNumber=2")),
        ("another key", url.replace("film", "folm")),
        ("another secret", part_url(&client(&store.endpoint, "guess"), &id, for_a_minute()).await),
        ("too late", part_url(&store.client, &id, earlier).await),
        ("not signed", format!("{}/{BUCKET}/a", store.endpoint)),
    ] {
        let sent = http.put(url).body("x").send().await.expect("an answer");
        assert_eq!(sent.status(), StatusCode::FORBIDDEN, "{why}");
    }
    assert_eq!(store.files(), 0);
}

#[tokio::test]
async fn pages_of_other_sites_are_not_let_in() {
    let store = Running::start().await;
    for origin in ["https://example.org", "http://localhost.example.org", "null"] {
        let asked = reqwest::Client::new().request(Method::OPTIONS, &store.endpoint).header(ORIGIN, origin);
        let asked = asked.header("access-control-request-method", "PUT").send().await.expect("a preflight");
        assert!(!asked.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "{origin}");
    }
}

#[tokio::test]
async fn a_part_that_breaks_off_leaves_nothing() {
    let store = Running::start().await;
    let id = store.begin("a film.mp4").await;
    let url = part_url(&store.client, &id, for_a_minute()).await;
    let host = store.endpoint.trim_start_matches("http://");
    let path = url.trim_start_matches(&store.endpoint);
    let mut connection = TcpStream::connect(host).await.expect("a connection");
    let head = format!("PUT {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 100000\r\n\r\n");
    connection.write_all(head.as_bytes()).await.expect("a head");
    connection.write_all(&bytes(1, 50_000)).await.expect("half");
    connection.shutdown().await.expect("an end");
    let _ = connection.read_to_end(&mut Vec::new()).await;

    let parts = store.client.list_parts().bucket(BUCKET).key("a film.mp4").upload_id(&id).send().await;
    assert!(parts.expect("a list").parts().is_empty());
    assert_eq!(store.restart().await.files(), 0);
}
