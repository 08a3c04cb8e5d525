use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{ChecksumMode, ChecksumType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::{CrcAlgorithm, checksum};

use super::*;

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let store = Running::start().await;
    let sent = bytes(1, 300_000);
    let put = store.client.put_object().bucket(BUCKET).key("a").content_type("video/mp4");
    put.metadata("camera", "left").body(sent.clone().into()).send().await.expect("put");

    let head = store.client.head_object().bucket(BUCKET).key("a").checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.expect("head");
    assert_eq!(head.content_length, Some(300_000));
    assert_eq!(head.content_type.as_deref(), Some("video/mp4"));
    assert_eq!(head.metadata.expect("some")["camera"], "left");
    assert_eq!(head.last_modified.expect("a time").secs(), 1_798_761_600);
    assert_eq!(head.checksum_type, Some(ChecksumType::FullObject));
    let crc = checksum(CrcAlgorithm::Crc64Nvme, &sent);
    assert_eq!(head.checksum_crc64_nvme, Some(BASE64.encode(crc.to_be_bytes())));
    assert_eq!(store.get("a").await, sent);
}

#[tokio::test]
async fn a_range_is_answered_alone() {
    let store = Running::start().await;
    store.put("a", *b"0123456789").await;
    store.put("empty", *b"").await;
    for (key, range, expected) in [
        ("a", "bytes=0-3", Some(("0123", "bytes 0-3/10"))),
        ("a", "bytes=8-99", Some(("89", "bytes 8-9/10"))),
        ("a", "bytes=7-", Some(("789", "bytes 7-9/10"))),
        ("a", "bytes=-2", Some(("89", "bytes 8-9/10"))),
        ("a", "bytes=10-", None),
        ("empty", "bytes=0-", None),
        ("empty", "bytes=-1", None),
    ] {
        let got = store.client.get_object().bucket(BUCKET).key(key).range(range).send().await;
        let Some((text, content_range)) = expected else {
            assert_eq!(code(got), "InvalidRange", "{key} {range}");
            continue;
        };
        let got = got.expect(range);
        assert_eq!(got.content_range.as_deref(), Some(content_range));
        assert_eq!(got.body.collect().await.expect(range).to_vec(), text.as_bytes());
    }
    assert_eq!(store.get("empty").await, b"");
}

#[tokio::test]
async fn any_key_names_its_own_object() {
    let store = Running::start().await;
    let long = "k".repeat(1024);
    let keys = [
        "../../etc/passwd",
        "a/../b",
        ".",
        "a b+c%2Fd?e&f=g#h",
        "été/☃/日本",
        "a//b/",
        "A",
        "a",
        "x'\"<&>",
        &long,
    ];
    for key in keys {
        store.put(key, key.as_bytes()).await;
    }
    let store = store.restart().await;
    for key in keys {
        assert_eq!(store.get(key).await, key.as_bytes(), "{key}");
    }
    let list = store.client.list_objects_v2().bucket(BUCKET).send().await.expect("a list");
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    let found: Vec<_> = list.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(found, sorted);
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let store = Running::start().await;
    for key in ["b/1", "b/2", "b/3", "a", "c", "b"] {
        store.put(key, key).await;
    }
    let pages = store.client.list_objects_v2().bucket(BUCKET).prefix("b/").max_keys(2);
    let pages: Vec<_> = pages.into_paginator().send().try_collect().await.expect("pages");
    let keys = |page: &aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output| {
        page.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(pages.iter().map(keys).collect::<Vec<_>>(), [vec!["b/1", "b/2"], vec!["b/3"]]);
    assert_eq!(pages[0].is_truncated, Some(true));
    let after = store.client.list_objects_v2().bucket(BUCKET).start_after("b/3").send().await;
    assert_eq!(keys(&after.expect("a list")), ["c"]);
}

#[tokio::test]
async fn bytes_that_are_not_as_declared_leave_what_was_there() {
    let store = Running::start().await;
    store.put("a", *b"before").await;
    let put = || store.client.put_object().bucket(BUCKET).key("a").body(b"after".to_vec().into());
    let wrong = BASE64.encode([0; 32]);
    assert_eq!(code(put().content_md5(BASE64.encode([0; 16])).send().await), "BadDigest");
    assert_eq!(code(put().checksum_sha256(&wrong).send().await), "BadDigest");
    assert_eq!(code(put().checksum_crc32(BASE64.encode([0; 4])).send().await), "BadDigest");
    assert_eq!(code(put().checksum_crc64_nvme(BASE64.encode([0; 8])).send().await), "BadDigest");
    assert_eq!(store.get("a").await, b"before");
    assert_eq!(store.files(), 1);
}

#[tokio::test]
async fn a_body_signed_in_chunks_is_checked_against_its_trailer() {
    let store = Running::start().await;
    let sent = bytes(3, 200_000);
    let file = store.folder.path().join("file");
    std::fs::write(&file, &sent).expect("a file");
    let body = ByteStream::from_path(&file).await.expect("a stream");
    store.client.put_object().bucket(BUCKET).key("a").body(body).send().await.expect("put");
    assert_eq!(store.get("a").await, sent);
}

#[tokio::test]
async fn conditions_are_kept() {
    let store = Running::start().await;
    store.put("a", *b"one").await;
    let head = store.client.head_object().bucket(BUCKET).key("a").send().await.expect("head");
    let etag = head.e_tag.expect("an etag");
    let get = || store.client.get_object().bucket(BUCKET).key("a");
    let put = |key| store.client.put_object().bucket(BUCKET).key(key).body(SdkBody::from("two").into());

    assert_eq!(code(get().if_match(&etag).send().await), "done");
    assert_eq!(code(get().if_match("\"other\"").send().await), "PreconditionFailed");
    let known = get().if_none_match(&etag).send().await;
    assert_eq!(known.expect_err("known").raw_response().map(|raw| raw.status().as_u16()), Some(304));
    assert_eq!(code(put("a").if_none_match("*").send().await), "PreconditionFailed");
    assert_eq!(code(put("a").if_match("\"other\"").send().await), "PreconditionFailed");
    assert_eq!(code(put("b").if_match("*").send().await), "NoSuchKey");
    assert_eq!(code(put("b").if_none_match("*").send().await), "done");
    assert_eq!(code(put("a").if_match(&etag).send().await), "done");
}

#[tokio::test]
async fn a_reader_of_a_replaced_object_reads_it_to_its_end() {
    let store = Running::start().await;
    let old = bytes(1, 16 * MIB);
    store.put("a", old.clone()).await;
    let mut reading = store.client.get_object().bucket(BUCKET).key("a").send().await.expect("get").body;
    let first = reading.next().await.expect("bytes").expect("bytes");
    store.put("a", *b"new").await;
    assert_eq!(store.get("a").await, b"new");
    let rest = reading.collect().await.expect("the rest").to_vec();
    assert!([first.to_vec(), rest].concat() == old);
    store.client.delete_object().bucket(BUCKET).key("a").send().await.expect("delete");
    store.client.delete_object().bucket(BUCKET).key("a").send().await.expect("delete again");
    assert_eq!(code(store.client.get_object().bucket(BUCKET).key("a").send().await), "NoSuchKey");
    assert_eq!(store.restart().await.files(), 0);
}

#[tokio::test]
async fn a_bucket_is_made_once() {
    let store = Running::start().await.restart().await;
    store.client.head_bucket().bucket(BUCKET).send().await.expect("it is there");
    assert_eq!(code(store.client.create_bucket().bucket(BUCKET).send().await), "BucketAlreadyOwnedByYou");
    assert_eq!(code(store.client.list_objects_v2().bucket("other").send().await), "NoSuchBucket");
    assert_eq!(code(store.client.list_buckets().send().await), "NotImplemented");
}
