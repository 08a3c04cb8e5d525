use storage::provision::{IndexShape, KeyShape};
use storage::store::Names;

use super::*;

const VALUES: &[(&str, &str)] = &[("WebOrigin", "http://127.0.0.1:8080")];

fn key(partition: &str, sort: &str) -> KeyShape {
    KeyShape { partition: partition.to_owned(), sort: sort.to_owned() }
}

fn bucket(resource: &str, name: &str) -> Bucket {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    let cors = CorsRule {
        allowed_origins: texts(&["http://127.0.0.1:8080"]),
        allowed_methods: texts(&["GET", "PUT"]),
        allowed_headers: texts(&["*"]),
        exposed_headers: texts(&["ETag"]),
        max_age: 3600,
    };
    Bucket { resource: resource.to_owned(), name: name.to_owned(), cors: vec![cors] }
}

#[test]
fn ours_has_one_table_and_two_buckets() {
    let template = Template::parse(TEMPLATE, VALUES).expect("a readable template");
    let queue = IndexShape { name: "queue".to_owned(), key: key("queue_pk", "queue_sk") };
    let shape =
        TableShape { key: key("pk", "sk"), indexes: vec![queue], expires: Some("expires".to_owned()) };
    let table = Table { resource: "Table".to_owned(), name: "compagnon".to_owned(), shape };
    assert_eq!(template.table, table);
    assert_eq!(template.buckets, [bucket("Evidence", "evidence"), bucket("Submissions", "submissions")]);
}

#[test]
fn the_local_names_are_the_ones_the_store_uses() {
    let Template { table, buckets } = Template::local().expect("a readable template");
    let Names { table: name, submissions, evidence } = Names::default();
    assert_eq!(table.name, name);
    assert_eq!(buckets.iter().map(|bucket| &bucket.name).collect::<Vec<_>>(), [&evidence, &submissions]);
}

#[test]
fn there_is_one_table() {
    let (head, resources) = TEMPLATE.split_once("Resources:\n").expect("resources");
    let (table, buckets) = resources.split_once("  # Work").expect("a table before the buckets");
    let error = |text: String| Template::parse(&text, VALUES).expect_err("a refusal").to_string();
    let twice = format!("{head}Resources:\n{table}{}", table.replace("  Table:", "  Other:"));
    assert_eq!(error(twice), "the template needs one table and has 2");
    assert_eq!(
        error(format!("{head}Resources:\n  # Work{buckets}")),
        "the template needs one table and has 0"
    );
}

#[test]
fn a_prefix_stands_before_every_name() {
    let template = Template::parse(TEMPLATE, &[VALUES[0], ("Prefix", "lyon-")]).expect("a readable template");
    assert_eq!(template.table.name, "lyon-compagnon");
    assert_eq!(template.buckets[0].name, "lyon-evidence");
}

#[test]
fn parameters_and_values_belong_together() {
    let error = |values| Template::parse(TEMPLATE, values).expect_err("a refusal").to_string();
    assert_eq!(error(&[]), "the template's parameter WebOrigin has no value");
    assert_eq!(error(&[VALUES[0], ("Colour", "red")]), "the template has no parameter Colour");
}

/// Changes one place of our template and expects the refusal to say so.
fn check(from: &str, to: &str, refusal: &str) {
    assert!(TEMPLATE.contains(from), "{from} is not in the template");
    let error = Template::parse(&TEMPLATE.replacen(from, to, 1), VALUES).expect_err(to).to_string();
    assert!(error.contains(refusal), "{to}: {error}");
}

#[test]
fn what_is_not_understood_is_refused() {
    let cases = [
        ("Type: AWS::S3::Bucket", "Type: AWS::SQS::Queue", "unknown variant `AWS::SQS::Queue`"),
        ("    DeletionPolicy: Retain", "    Condition: Big", "Condition"),
        ("BillingMode:", "StreamSpecification:", "the template's Table: unknown field `StreamSpecification`"),
        ("VersioningConfiguration:", "LoggingConfiguration:", "unknown field `LoggingConfiguration`"),
        ("pk, AttributeType: S", "pk, AttributeType: N", "unknown variant `N`, expected `S`"),
        ("ProjectionType: KEYS_ONLY", "ProjectionType: ALL", "unknown variant `ALL`"),
        ("Type: String", "Type: Number", "unknown variant `Number`"),
        ("Ref: WebOrigin", "Fn::GetAtt: WebOrigin", "Fn::GetAtt is not understood here"),
        ("${Prefix}compagnon", "${AWS::Region}x", "has no parameter AWS::Region"),
        ("${Prefix}compagnon", "${Prefix", "${Prefix does not read as text"),
        ("Fn::Sub: ${Prefix}compagnon", "Fn::Sub: [a, {}]", "does not read as text"),
        ("Default: \"\"", "Default: !Sub x", "!Sub"),
    ];
    for (from, to, refusal) in cases {
        check(from, to, refusal);
    }
}

#[test]
fn a_key_is_whole() {
    check("sk, KeyType: RANGE", "sk, KeyType: HASH", "a key is a HASH and a RANGE attribute");
    check("        - { AttributeName: sk, KeyType: RANGE }\n", "", "a key is a HASH and a RANGE attribute");
    let unused = "        - { AttributeName: queue_sk, AttributeType: S }\n";
    check(unused, "", "attribute queue_sk must be both defined and in a key");
    let extra = "AttributeDefinitions:\n        - { AttributeName: day, AttributeType: S }";
    check("AttributeDefinitions:", extra, "attribute day must be both defined and in a key");
}
