//! What `template.yaml` says of the table and the buckets, read so that the local stack makes the same.
//!
//! Only what these resources use is understood, and everything else is refused by name: a property
//! that CloudFormation would obey and the local stack would not is how the two would drift apart.

mod properties;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use storage::provision::TableShape;

use properties::{BucketProperties, TableProperties};

/// The template of this system.
pub const TEMPLATE: &str = include_str!("../template.yaml");

/// The parameters on one machine: plain names, and pages of any origin, because the port is anyone's choice.
const LOCAL: &[(&str, &str)] = &[("Prefix", ""), ("WebOrigin", "*")];

/// The table and the buckets of a template, with its parameters filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The one DynamoDB table.
    pub table: Table,
    /// The S3 buckets, in the order of their resources' names.
    pub buckets: Vec<Bucket>,
}

/// A table whose keys are all text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The resource's name in the template.
    pub resource: String,
    /// The table's name.
    pub name: String,
    /// Its keys and indexes.
    pub shape: TableShape,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The resource's name in the template.
    pub resource: String,
    /// The bucket's name.
    pub name: String,
    /// Which pages may ask for its objects.
    pub cors: Vec<CorsRule>,
}

/// What pages of these origins may do with a bucket's objects.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CorsRule {
    /// Where the page comes from.
    pub allowed_origins: Vec<String>,
    /// With which methods it may ask.
    pub allowed_methods: Vec<String>,
    /// With which headers it may ask.
    pub allowed_headers: Vec<String>,
    /// Which headers of the answer it may read.
    pub exposed_headers: Vec<String>,
    /// For how many seconds a browser may remember this.
    pub max_age: u32,
}

/// Why a template cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Not YAML of a template's shape; the message has line and column.
    #[error("the template: {0}")]
    Shape(#[source] Box<serde_saphyr::Error>),
    /// A parameter has neither a value nor a default.
    #[error("the template's parameter {0} has no value")]
    ParameterWithoutValue(String),
    /// A value was given for a parameter that the template does not have.
    #[error("the template has no parameter {0}")]
    UnknownParameter(String),
    /// A `Fn::Sub` whose `${` has no end, or a `Ref` or `Fn::Sub` that is not text.
    #[error("the template: {0} does not read as text with ${{parameters}}")]
    Unreadable(String),
    /// A function other than `Ref` and `Fn::Sub`.
    #[error("the template: {0} is not understood here; use Ref or Fn::Sub")]
    UnknownFunction(String),
    /// Everything lives in one table.
    #[error("the template needs one table and has {found}")]
    OneTable {
        /// How many it has.
        found: usize,
    },
    /// The buckets let pages do different things.
    #[error("the template's buckets need one CORS rule, the same for each")]
    OneCorsRule,
    /// A resource's properties are not the ones understood here.
    #[error("the template's {resource}: {reason}")]
    Properties {
        /// The resource's name.
        resource: String,
        /// What is wrong with them.
        #[source]
        reason: serde_json::Error,
    },
    /// A key is not one partition and one sort attribute.
    #[error("the template's {resource}: a key is a HASH and a RANGE attribute, in this order")]
    Key {
        /// The resource's name.
        resource: String,
    },
    /// An attribute is used in a key and not defined, or defined and not used.
    #[error("the template's {resource}: attribute {attribute} must be both defined and in a key")]
    Attribute {
        /// The resource's name.
        resource: String,
        /// The attribute.
        attribute: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    #[serde(rename = "AWSTemplateFormatVersion")]
    _version: IgnoredAny,
    #[serde(rename = "Description")]
    _description: IgnoredAny,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    resources: BTreeMap<String, Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Parameter {
    #[serde(rename = "Type")]
    _type: ParameterType,
    default: Option<String>,
    #[serde(rename = "Description")]
    _description: IgnoredAny,
}

#[derive(Deserialize)]
enum ParameterType {
    String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Resource {
    r#type: ResourceType,
    properties: Value,
    // What happens to it when the stack is deleted; a local stack is its folder.
    #[serde(rename = "DeletionPolicy")]
    _deletion: Option<IgnoredAny>,
    #[serde(rename = "UpdateReplacePolicy")]
    _replacement: Option<IgnoredAny>,
}

#[derive(Deserialize)]
enum ResourceType {
    #[serde(rename = "AWS::DynamoDB::Table")]
    Table,
    #[serde(rename = "AWS::S3::Bucket")]
    Bucket,
}

impl Template {
    /// Reads our template as it stands on one machine.
    pub fn local() -> Result<Self, TemplateError> {
        Self::parse(TEMPLATE, LOCAL)
    }

    /// What pages may do with objects: the one rule that all buckets share, since one local server
    /// stands for all of them.
    pub fn cors(&self) -> Result<&CorsRule, TemplateError> {
        match self.buckets.iter().flat_map(|bucket| &bucket.cors).collect::<Vec<_>>()[..] {
            [first, ref others @ ..] if others.iter().all(|other| *other == first) => Ok(first),
            _ => Err(TemplateError::OneCorsRule),
        }
    }

    /// Reads a template with values for its parameters; those without a default need one.
    pub fn parse(text: &str, values: &[(&str, &str)]) -> Result<Self, TemplateError> {
        let options = serde_saphyr::options! { reject_unsupported_tags: true, strict_booleans: true };
        let document: Document = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| TemplateError::Shape(Box::new(error)))?;
        let values = fill(document.parameters, values)?;
        let (mut tables, mut buckets) = (Vec::new(), Vec::new());
        for (name, Resource { r#type, properties, .. }) in document.resources {
            let properties = evaluate(properties, &values)?;
            match r#type {
                ResourceType::Table => {
                    tables.push(read::<TableProperties>(&name, properties)?.table(name)?);
                }
                ResourceType::Bucket => {
                    buckets.push(read::<BucketProperties>(&name, properties)?.bucket(name));
                }
            }
        }
        let [table] = <[Table; 1]>::try_from(tables)
            .map_err(|tables| TemplateError::OneTable { found: tables.len() })?;
        Ok(Self { table, buckets })
    }
}

fn read<T: for<'de> Deserialize<'de>>(resource: &str, properties: Value) -> Result<T, TemplateError> {
    serde_json::from_value(properties)
        .map_err(|reason| TemplateError::Properties { resource: resource.to_owned(), reason })
}

/// The value of every parameter: the given one, else its default.
fn fill(
    parameters: BTreeMap<String, Parameter>,
    values: &[(&str, &str)],
) -> Result<BTreeMap<String, String>, TemplateError> {
    if let Some((unknown, _)) = values.iter().find(|(name, _)| !parameters.contains_key(*name)) {
        return Err(TemplateError::UnknownParameter((*unknown).to_owned()));
    }
    parameters
        .into_iter()
        .map(|(name, parameter)| {
            let given = values.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned());
            match given.or(parameter.default) {
                Some(value) => Ok((name, value)),
                None => Err(TemplateError::ParameterWithoutValue(name)),
            }
        })
        .collect()
}

/// Replaces each `Ref` and `Fn::Sub` by its text.
fn evaluate(value: Value, parameters: &BTreeMap<String, String>) -> Result<Value, TemplateError> {
    match value {
        Value::Array(items) => items.into_iter().map(|item| evaluate(item, parameters)).collect(),
        Value::Object(fields) => {
            let function = fields.keys().find(|name| *name == "Ref" || name.starts_with("Fn::")).cloned();
            match (function.as_deref(), fields.len()) {
                (None, _) => fields
                    .into_iter()
                    .map(|(name, field)| Ok((name, evaluate(field, parameters)?)))
                    .collect::<Result<serde_json::Map<_, _>, TemplateError>>()
                    .map(Value::Object),
                (Some("Ref"), 1) => parameter(text(&fields["Ref"])?, parameters).map(Value::from),
                (Some("Fn::Sub"), 1) => substitute(text(&fields["Fn::Sub"])?, parameters).map(Value::from),
                (Some(other), _) => Err(TemplateError::UnknownFunction(other.to_owned())),
            }
        }
        plain => Ok(plain),
    }
}

fn text(value: &Value) -> Result<&str, TemplateError> {
    value.as_str().ok_or_else(|| TemplateError::Unreadable(value.to_string()))
}

fn parameter<'a>(name: &str, parameters: &'a BTreeMap<String, String>) -> Result<&'a str, TemplateError> {
    parameters.get(name).map(String::as_str).ok_or_else(|| TemplateError::UnknownParameter(name.to_owned()))
}

fn substitute(pattern: &str, parameters: &BTreeMap<String, String>) -> Result<String, TemplateError> {
    let mut whole = String::new();
    let mut rest = pattern;
    while let Some((before, from_name)) = rest.split_once("${") {
        let Some((name, after)) = from_name.split_once('}') else {
            return Err(TemplateError::Unreadable(pattern.to_owned()));
        };
        whole.push_str(before);
        whole.push_str(parameter(name, parameters)?);
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

#[cfg(test)]
mod tests;
