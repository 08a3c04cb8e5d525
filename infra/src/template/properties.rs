//! The properties of a table and a bucket that are understood, as CloudFormation spells them.
//!
//! A field of [`IgnoredAny`] is known and concerns AWS alone; a property without a field is refused.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;

use storage::provision::{IndexShape, KeyShape, TableShape};

use super::{Bucket, CorsRule, Table, TemplateError};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TableProperties {
    table_name: String,
    attribute_definitions: Vec<AttributeDefinition>,
    key_schema: Vec<KeyElement>,
    #[serde(default)]
    global_secondary_indexes: Vec<IndexProperties>,
    time_to_live_specification: Option<TimeToLive>,
    #[serde(rename = "BillingMode")]
    _billing: Option<IgnoredAny>,
    #[serde(rename = "PointInTimeRecoverySpecification")]
    _recovery: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AttributeDefinition {
    attribute_name: String,
    #[serde(rename = "AttributeType")]
    _type: AttributeType,
}

/// Every key is text.
#[derive(Deserialize)]
enum AttributeType {
    S,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeyElement {
    attribute_name: String,
    key_type: KeyType,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum KeyType {
    Hash,
    Range,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IndexProperties {
    index_name: String,
    key_schema: Vec<KeyElement>,
    #[serde(rename = "Projection")]
    _projection: Projection,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Projection {
    #[serde(rename = "ProjectionType")]
    _type: ProjectionType,
}

/// An index holds no more than keys: who finds an item in it writes or reads the item itself.
#[derive(Deserialize)]
enum ProjectionType {
    #[serde(rename = "KEYS_ONLY")]
    KeysOnly,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TimeToLive {
    attribute_name: String,
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct BucketProperties {
    bucket_name: String,
    cors_configuration: CorsConfiguration,
    // The local store locks what it is told to lock, in any bucket.
    #[serde(rename = "ObjectLockEnabled")]
    _lock: Option<IgnoredAny>,
    // No key is ever written twice, so the local store needs no versions.
    #[serde(rename = "VersioningConfiguration")]
    _versions: Option<IgnoredAny>,
    #[serde(rename = "PublicAccessBlockConfiguration")]
    _public_access: Option<IgnoredAny>,
    #[serde(rename = "LifecycleConfiguration")]
    _lifecycle: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CorsConfiguration {
    cors_rules: Vec<CorsRule>,
}

impl TableProperties {
    /// The table these properties describe, if its keys are whole.
    pub(super) fn table(self, resource: String) -> Result<Table, TemplateError> {
        let key = key(&resource, self.key_schema)?;
        let indexes = self
            .global_secondary_indexes
            .into_iter()
            .map(|index| index.index(&resource))
            .collect::<Result<Vec<_>, _>>()?;
        let used: BTreeSet<_> = indexes
            .iter()
            .map(|index| &index.key)
            .chain([&key])
            .flat_map(|key| [key.partition.as_str(), key.sort.as_str()])
            .collect();
        let defined: BTreeSet<_> =
            self.attribute_definitions.iter().map(|attribute| attribute.attribute_name.as_str()).collect();
        if let Some(attribute) = used.symmetric_difference(&defined).next() {
            return Err(TemplateError::Attribute { resource, attribute: (*attribute).to_owned() });
        }
        let expires = self
            .time_to_live_specification
            .filter(|expiry| expiry.enabled)
            .map(|expiry| expiry.attribute_name);
        Ok(Table { resource, name: self.table_name, shape: TableShape { key, indexes, expires } })
    }
}

impl IndexProperties {
    fn index(self, resource: &str) -> Result<IndexShape, TemplateError> {
        Ok(IndexShape { name: self.index_name, key: key(resource, self.key_schema)? })
    }
}

impl BucketProperties {
    /// The bucket these properties describe.
    pub(super) fn bucket(self, resource: String) -> Bucket {
        Bucket { resource, name: self.bucket_name, cors: self.cors_configuration.cors_rules }
    }
}

fn key(resource: &str, elements: Vec<KeyElement>) -> Result<KeyShape, TemplateError> {
    match <[KeyElement; 2]>::try_from(elements) {
        Ok(
            [
                KeyElement { attribute_name: partition, key_type: KeyType::Hash },
                KeyElement { attribute_name: sort, key_type: KeyType::Range },
            ],
        ) => Ok(KeyShape { partition, sort }),
        _ => Err(TemplateError::Key { resource: resource.to_owned() }),
    }
}
