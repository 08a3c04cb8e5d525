//! Random sequences of calls against a small model that says what must be there.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use hyper::{HeaderMap, Method, Uri, http::Extensions};
use proptest::prelude::*;
use s3s::dto::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, CompletedMultipartUpload, CompletedPart,
    CreateMultipartUploadInput, DeleteObjectInput, ETag, GetObjectInput, ListObjectsV2Input, PutObjectInput,
    StreamingBlob, UploadPartInput,
};
use s3s::{Body, S3, S3Request};

use super::{BUCKET, Buckets, TempDir, files, open};

#[derive(Debug, Clone)]
enum Step {
    Put { key: String, bytes: Vec<u8> },
    Delete { key: String },
    Begin { key: String },
    Part { upload: usize, bytes: Vec<u8> },
    Complete { upload: usize },
    Abort { upload: usize },
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || "[ab/]{1,2}";
    let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
    let upload = || 0..8_usize;
    let step = prop_oneof![
        3 => (key(), bytes()).prop_map(|(key, bytes)| Step::Put { key, bytes }),
        2 => key().prop_map(|key| Step::Delete { key }),
        2 => key().prop_map(|key| Step::Begin { key }),
        4 => (upload(), bytes()).prop_map(|(upload, bytes)| Step::Part { upload, bytes }),
        3 => upload().prop_map(|upload| Step::Complete { upload }),
        1 => upload().prop_map(|upload| Step::Abort { upload }),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..30)
}

#[derive(Default)]
struct Model {
    objects: BTreeMap<String, Vec<u8>>,
    uploads: Vec<Upload>,
}

struct Upload {
    key: String,
    id: String,
    state: State,
}

enum State {
    Begun,
    Sent { etag: ETag, bytes: Vec<u8> },
    Completed { part: ETag, answer: ETag },
    Aborted,
}

fn request<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: Method::GET,
        uri: Uri::default(),
        headers: HeaderMap::default(),
        extensions: Extensions::default(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}

fn bucket() -> String {
    BUCKET.to_owned()
}

fn blob(bytes: &[u8]) -> Option<StreamingBlob> {
    Some(Body::from(bytes.to_vec()).into())
}

impl Model {
    async fn put(&mut self, store: &Buckets, key: String, bytes: Vec<u8>) {
        let (bucket, body) = (bucket(), blob(&bytes));
        let put = PutObjectInput { bucket, key: key.clone(), body, ..Default::default() };
        store.put_object(request(put)).await.expect("put");
        self.objects.insert(key, bytes);
    }

    async fn delete(&mut self, store: &Buckets, key: String) {
        let delete = DeleteObjectInput { bucket: bucket(), key: key.clone(), ..Default::default() };
        store.delete_object(request(delete)).await.expect("delete");
        self.objects.remove(&key);
    }

    async fn begin(&mut self, store: &Buckets, key: String) {
        let begin = CreateMultipartUploadInput { bucket: bucket(), key: key.clone(), ..Default::default() };
        let begun = store.create_multipart_upload(request(begin)).await.expect("begin");
        let id = begun.output.upload_id.expect("an id");
        self.uploads.push(Upload { key, id, state: State::Begun });
    }

    fn upload(&mut self, number: usize) -> Option<&mut Upload> {
        let all = self.uploads.len();
        self.uploads.get_mut(number.checked_rem(all)?)
    }

    async fn part(&mut self, store: &Buckets, number: usize, bytes: Vec<u8>) {
        let Some(upload) = self.upload(number) else { return };
        let part = UploadPartInput {
            bucket: bucket(),
            key: upload.key.clone(),
            upload_id: upload.id.clone(),
            part_number: 1,
            body: blob(&bytes),
            ..Default::default()
        };
        let sent = store.upload_part(request(part)).await;
        match upload.state {
            State::Begun | State::Sent { .. } => {
                let etag = sent.expect("a part").output.e_tag.expect("an etag");
                upload.state = State::Sent { etag, bytes };
            }
            State::Completed { .. } | State::Aborted => assert!(sent.is_err()),
        }
    }

    async fn complete(&mut self, store: &Buckets, number: usize) {
        let Some(upload) = self.upload(number) else { return };
        let e_tag = match &upload.state {
            State::Sent { etag, .. } | State::Completed { part: etag, .. } => Some(etag.clone()),
            State::Begun | State::Aborted => None,
        };
        let part = CompletedPart { part_number: Some(1), e_tag, ..Default::default() };
        let complete = CompleteMultipartUploadInput {
            bucket: bucket(),
            key: upload.key.clone(),
            upload_id: upload.id.clone(),
            multipart_upload: Some(CompletedMultipartUpload { parts: Some(vec![part]) }),
            ..Default::default()
        };
        let completed = store.complete_multipart_upload(request(complete)).await;
        match &upload.state {
            State::Begun | State::Aborted => assert!(completed.is_err()),
            State::Completed { answer, .. } => {
                assert_eq!(completed.expect("again").output.e_tag.as_ref(), Some(answer));
            }
            State::Sent { etag, bytes } => {
                let answer = completed.expect("complete").output.e_tag.expect("an etag");
                let (key, bytes) = (upload.key.clone(), bytes.clone());
                upload.state = State::Completed { part: etag.clone(), answer };
                self.objects.insert(key, bytes);
            }
        }
    }

    async fn abort(&mut self, store: &Buckets, number: usize) {
        let Some(upload) = self.upload(number) else { return };
        let (key, upload_id) = (upload.key.clone(), upload.id.clone());
        let abort = AbortMultipartUploadInput { bucket: bucket(), key, upload_id, ..Default::default() };
        let aborted = store.abort_multipart_upload(request(abort)).await;
        match upload.state {
            State::Begun | State::Sent { .. } => {
                aborted.expect("abort");
                upload.state = State::Aborted;
            }
            State::Completed { .. } | State::Aborted => assert!(aborted.is_err()),
        }
    }

    async fn check(&self, store: &Buckets, folder: &TempDir) {
        let list = ListObjectsV2Input { bucket: bucket(), ..Default::default() };
        let list = store.list_objects_v2(request(list)).await.expect("a list").output.contents;
        let keys: Vec<String> = list.into_iter().flatten().filter_map(|object| object.key).collect();
        assert!(keys.iter().eq(self.objects.keys()));
        for (key, bytes) in &self.objects {
            let get = GetObjectInput { bucket: bucket(), key: key.clone(), ..Default::default() };
            let got = store.get_object(request(get)).await.expect("get").output.body.expect("a body");
            let got: Vec<bytes::Bytes> = got.try_collect().await.expect("all of it");
            assert_eq!(got.concat(), *bytes);
        }
        let sent = self.uploads.iter().filter(|upload| matches!(upload.state, State::Sent { .. }));
        let named = self.objects.len() + sent.count();
        assert_eq!(files(&folder.path().join(BUCKET).join("data")), named, "no file is left over");
    }
}

async fn play(steps: Vec<Step>) {
    let folder = TempDir::new().expect("a folder");
    let (mut store, mut model) = (open(folder.path()), Model::default());
    store.create(BUCKET).expect("a bucket");
    for step in steps {
        match step {
            Step::Put { key, bytes } => model.put(&store, key, bytes).await,
            Step::Delete { key } => model.delete(&store, key).await,
            Step::Begin { key } => model.begin(&store, key).await,
            Step::Part { upload, bytes } => model.part(&store, upload, bytes).await,
            Step::Complete { upload } => model.complete(&store, upload).await,
            Step::Abort { upload } => model.abort(&store, upload).await,
            Step::Reopen => {
                drop(store);
                store = open(folder.path());
            }
        }
        model.check(&store, &folder).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_holds_what_the_model_says(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(play(steps));
    }
}
