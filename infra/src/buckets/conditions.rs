//! The conditions of a request: `If-Match` and its kin, as RFC 9110 and S3 have them.

use s3s::dto::{ETag, ETagCondition, Timestamp};

use super::Refusal;
use super::record::{Object, shown};

/// What a request wants to hold before it is answered.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    /// The object is this one.
    pub if_match: Option<ETagCondition>,
    /// The object is not this one.
    pub if_none_match: Option<ETagCondition>,
    /// The object changed after this; readers only.
    pub if_modified_since: Option<Timestamp>,
    /// The object did not change after this; readers only.
    pub if_unmodified_since: Option<Timestamp>,
}

fn names(condition: &ETagCondition, object: &Object) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.weak_cmp(&ETag::Strong(object.etag.clone())),
    }
}

impl Conditions {
    /// May this object be answered to a reader?
    pub(super) fn check_read(&self, object: &Object) -> Result<(), Refusal> {
        let modified = shown(object.modified);
        let held = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => names(condition, object),
            (None, Some(since)) => modified <= *since,
            (None, None) => true,
        };
        if !held {
            return Err(Refusal::ConditionFailed);
        }
        let known = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => names(condition, object),
            (None, Some(since)) => modified <= *since,
            (None, None) => false,
        };
        if known { Err(Refusal::NotModified) } else { Ok(()) }
    }

    /// May what is there, if anything, be replaced?
    pub(super) fn check_write(&self, there: Option<&Object>) -> Result<(), Refusal> {
        match (&self.if_match, there) {
            (Some(_), None) => return Err(Refusal::NoSuchKey),
            (Some(condition), Some(object)) if !names(condition, object) => {
                return Err(Refusal::ConditionFailed);
            }
            _ => {}
        }
        match (&self.if_none_match, there) {
            (Some(condition), Some(object)) if names(condition, object) => Err(Refusal::ConditionFailed),
            _ => Ok(()),
        }
    }
}
