use aws_sdk_s3::types::ChecksumMode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::{CrcAlgorithm, checksum};
use futures::future::join_all;

use super::*;

fn crc(bytes: &[u8]) -> String {
    BASE64.encode(checksum(CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes())
}

#[tokio::test]
async fn parts_may_come_in_any_order_and_twice() {
    let store = Running::start().await;
    let sent = [bytes(1, 5 * MIB), bytes(2, 5 * MIB + 7), bytes(3, 11)];
    let id = store.begin("film").await;
    store.part("film", &id, 1, bytes(9, 100)).await;
    let third = store.part("film", &id, 3, sent[2].clone()).await;
    let first = store.part("film", &id, 1, sent[0].clone()).await;
    let second = store.part("film", &id, 2, sent[1].clone()).await;
    store.part("film", &id, 9, bytes(9, 9)).await;
    let complete = store.client.complete_multipart_upload().bucket(BUCKET).key("film").upload_id(&id);
    let whole = sent.concat();
    let complete = complete
        .multipart_upload(listed([first, second, third]))
        .checksum_crc64_nvme(crc(&whole))
        .mpu_object_size(whole.len() as i64);
    let done = complete.send().await.expect("complete");

    assert_eq!(done.checksum_crc64_nvme, Some(crc(&whole)));
    assert!(done.e_tag.clone().expect("an etag").ends_with("-3\""));
    let head = store.client.head_object().bucket(BUCKET).key("film").checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.expect("head");
    assert_eq!((head.e_tag, head.checksum_crc64_nvme), (done.e_tag, Some(crc(&whole))));
    assert!(store.get("film").await == whole);
    assert_eq!(store.files(), 3, "what no one listed is gone");
    let across = store.client.get_object().bucket(BUCKET).key("film").range("bytes=5242879-5242881");
    let across = across.send().await.expect("a range").body.collect().await.expect("bytes").to_vec();
    assert_eq!(across, whole[5_242_879..=5_242_881]);
}

#[tokio::test]
async fn a_refused_completion_leaves_what_was_there_and_the_upload() {
    let store = Running::start().await;
    store.put("film", *b"before").await;
    let id = store.begin("film").await;
    let big = store.part("film", &id, 1, bytes(1, 5 * MIB)).await;
    let small = store.part("film", &id, 2, bytes(2, 10)).await;
    let last = store.part("film", &id, 3, bytes(3, 10)).await;
    let missing = CompletedPart::builder().part_number(7).set_e_tag(big.e_tag.clone()).build();
    let other = CompletedPart::builder().part_number(2).set_e_tag(big.e_tag.clone()).build();
    let complete = |parts: &[&CompletedPart]| {
        let complete = store.client.complete_multipart_upload().bucket(BUCKET).key("film").upload_id(&id);
        complete.multipart_upload(listed(parts.iter().map(|&part| part.clone())))
    };
    for (parts, refused) in [
        (vec![&big, &missing], "InvalidPart"),
        (vec![&big, &other], "InvalidPart"),
        (vec![&small, &big], "InvalidPartOrder"),
        (vec![&big, &big], "InvalidPartOrder"),
        (vec![&big, &small, &last], "EntityTooSmall"),
        (vec![], "MalformedXML"),
    ] {
        assert_eq!(code(complete(&parts).send().await), refused);
    }
    let good = [&big, &last];
    assert_eq!(code(complete(&good).checksum_crc64_nvme(crc(b"")).send().await), "BadDigest");
    assert_eq!(code(complete(&good).mpu_object_size(1).send().await), "InvalidRequest");
    assert_eq!(code(complete(&good).checksum_crc32("AAAAAA==").send().await), "NotImplemented");
    assert_eq!(code(complete(&good).if_none_match("*").send().await), "PreconditionFailed");
    assert_eq!(code(complete(&good).key("other").send().await), "NoSuchUpload");
    assert_eq!(store.get("film").await, b"before");

    complete(&good).send().await.expect("now");
    assert!(store.get("film").await == [bytes(1, 5 * MIB), bytes(3, 10)].concat());
}

#[tokio::test]
async fn completing_again_or_at_once_gives_one_answer() {
    let store = Running::start().await;
    let id = store.begin("film").await;
    let part = store.part("film", &id, 1, bytes(1, 1000)).await;
    let complete = |client: &Client| {
        let complete = client.complete_multipart_upload().bucket(BUCKET).key("film").upload_id(&id);
        complete.multipart_upload(listed([part.clone()]))
    };
    let answers = join_all((0..8).map(|_| complete(&store.client).send())).await;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("complete")).collect();
    assert!(answers.iter().all(|answer| answer.e_tag == answers[0].e_tag));

    let late = store.client.upload_part().bucket(BUCKET).key("film").upload_id(&id).part_number(2);
    assert_eq!(code(late.body(b"late".to_vec().into()).send().await), "NoSuchUpload");
    store.put("film", *b"replaced").await;
    let store = store.restart().await;
    let again = complete(&store.client).send().await.expect("complete again");
    assert_eq!(again.e_tag, answers[0].e_tag);
    assert_eq!(again.checksum_crc64_nvme, answers[0].checksum_crc64_nvme);
    assert_eq!(store.get("film").await, b"replaced", "completing again changes nothing");
    assert_eq!(code(complete(&store.client).mpu_object_size(1).send().await), "InvalidRequest");
    let other = complete(&store.client).multipart_upload(listed([part.clone(), part.clone()]));
    assert_eq!(code(other.send().await), "NoSuchUpload");
}

#[tokio::test]
async fn an_upload_outlives_a_restart() {
    let store = Running::start().await;
    let begin = store.client.create_multipart_upload().bucket(BUCKET).key("film").content_type("video/webm");
    let id = begin.send().await.expect("begin").upload_id.expect("an id");
    let first = store.part("film", &id, 1, bytes(1, 5 * MIB)).await;
    let store = store.restart().await;
    let second = store.part("film", &id, 2, bytes(2, 5)).await;
    let store = store.restart().await;
    let complete = store.client.complete_multipart_upload().bucket(BUCKET).key("film").upload_id(&id);
    complete.multipart_upload(listed([first, second])).send().await.expect("complete");
    let store = store.restart().await;
    let head = store.client.head_object().bucket(BUCKET).key("film").send().await.expect("head");
    assert_eq!(head.content_type.as_deref(), Some("video/webm"));
    assert!(store.get("film").await == [bytes(1, 5 * MIB), bytes(2, 5)].concat());
}

#[tokio::test]
async fn parts_are_listed_in_pages() {
    let store = Running::start().await;
    let id = store.begin("film").await;
    for number in [10_000, 2, 5, 1] {
        store.part("film", &id, number, bytes(1, number as usize)).await;
    }
    let pages = store.client.list_parts().bucket(BUCKET).key("film").upload_id(&id).max_parts(3);
    let pages: Vec<_> = pages.into_paginator().send().try_collect().await.expect("pages");
    let rows = |page: &aws_sdk_s3::operation::list_parts::ListPartsOutput| {
        let row = |part: &aws_sdk_s3::types::Part| (part.part_number, part.size);
        page.parts().iter().map(row).collect::<Vec<_>>()
    };
    let row = |number: i32| (Some(number), Some(i64::from(number)));
    assert_eq!(pages.iter().map(rows).collect::<Vec<_>>(), [vec![row(1), row(2), row(5)], vec![row(10_000)]]);
    assert!(pages[0].parts()[0].e_tag().is_some_and(|etag| etag.starts_with('"')));
    for number in [0, 10_001] {
        let part = store.client.upload_part().bucket(BUCKET).key("film").upload_id(&id).part_number(number);
        assert_eq!(code(part.body(vec![].into()).send().await), "InvalidArgument");
    }
}

#[tokio::test]
async fn open_uploads_are_listed_until_they_end() {
    let store = Running::start().await;
    let (a, b, c) = (store.begin("x/a").await, store.begin("x/a").await, store.begin("y").await);
    store.part("x/a", &b, 1, bytes(1, 10)).await;
    let list = || store.client.list_multipart_uploads().bucket(BUCKET);
    let ids = |page: &aws_sdk_s3::operation::list_multipart_uploads::ListMultipartUploadsOutput| {
        let id = |upload: &aws_sdk_s3::types::MultipartUpload| upload.upload_id.clone();
        page.uploads().iter().filter_map(id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&list().send().await.expect("all")), [&*a, &b, &c]);
    assert_eq!(ids(&list().prefix("y").send().await.expect("one")), [&*c]);
    let page = list().max_uploads(1).send().await.expect("a page");
    let rest = list().set_key_marker(page.next_key_marker).set_upload_id_marker(page.next_upload_id_marker);
    assert_eq!(ids(&rest.send().await.expect("the rest")), [&*b, &c]);

    let abort = || store.client.abort_multipart_upload().bucket(BUCKET).key("x/a").upload_id(&b);
    assert_eq!(code(abort().send().await), "done");
    assert_eq!(code(abort().send().await), "NoSuchUpload");
    assert_eq!(store.files(), 0);
    assert_eq!(ids(&list().send().await.expect("two")), [&*a, &c]);
    let sums = store.client.create_multipart_upload().bucket(BUCKET).key("z");
    let sums = sums.checksum_algorithm(aws_sdk_s3::types::ChecksumAlgorithm::Crc32).send().await;
    assert_eq!(code(sums), "NotImplemented");
}
