//! Who may do what to what: deny by default, and nothing is read before it is permitted.
//!
//! A store answers [`Loaded<T>`], which nobody can look into. [`permit`] turns it into
//! [`Permitted<T>`] when the principal's roles or relations allow the action; views and decisions
//! are made from that alone. A refusal hands the value back unread, so that a caller may fetch the
//! principal's grants (which most owners never need) and ask again.

use std::ops::Deref;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::PersonId;
use crate::person::{Grant, Scope};

/// What a grant makes of a person. Everyone with an account may enroll; that needs no grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Meets students every week and judges their submissions.
    Mentor,
    /// Judges defenses of other mentors' students.
    Juror,
    /// Helps to find a job.
    Coach,
    /// Decides claims of earlier learning.
    Assessor,
    /// Authors and registrar.
    Staff,
    /// Invoices, payments, billing runs.
    Finance,
    /// A university or company whose name stands on certificates.
    Partner,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] =
        [Self::Mentor, Self::Juror, Self::Coach, Self::Assessor, Self::Staff, Self::Finance, Self::Partner];

    /// The role's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mentor => "mentor",
            Self::Juror => "juror",
            Self::Coach => "coach",
            Self::Assessor => "assessor",
            Self::Staff => "staff",
            Self::Finance => "finance",
            Self::Partner => "partner",
        }
    }
}

/// How a person stands to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// It is theirs: the student of an enrollment, the person of a profile.
    Owner,
    /// Their mentor today.
    CurrentMentor,
    /// The juror assigned to it.
    AssignedJuror,
    /// The third person who judges an appeal against it.
    AppealReviewer,
    /// Their coach.
    Coach,
    /// Who pays it.
    Payer,
    /// One of the people of a meeting.
    Participant,
}

/// Who asks.
#[derive(Debug, Clone)]
pub enum Principal {
    /// Nobody signed in.
    Visitor,
    /// A person, with the grants that were looked up, or none yet.
    Person {
        /// Who.
        id: PersonId,
        /// The roles given to them.
        grants: Vec<Grant>,
    },
    /// A job of the system's own, by its kind.
    Job(&'static str),
}

/// One row of the permission table: what is done, and whom it is open to.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// The operation's name.
    pub name: &'static str,
    /// Whether anyone may, signed in or not.
    pub public: bool,
    /// Roles that may, by grant.
    pub roles: &'static [Role],
    /// Relations to the thing that may.
    pub relations: &'static [Relation],
}

/// A thing that people stand in relations to.
pub trait Subject {
    /// How the person stands to it at `now`, by the school's clock. An empty list is a stranger.
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation>;

    /// Where it belongs, for grants that are limited to a degree or market.
    fn scope(&self) -> Scope {
        Scope::Everywhere
    }
}

/// Something without owner: what only roles decide about.
impl Subject for () {
    fn relations(&self, _person: PersonId, _now: Timestamp) -> Vec<Relation> {
        Vec::new()
    }
}

/// Read from the store, not to be looked into before [`permit`].
#[derive(Debug, Clone)]
pub struct Loaded<T>(T);

impl<T> Loaded<T> {
    /// Wraps what the store read. Only the storage crate calls this.
    pub fn from_store(value: T) -> Self {
        Self(value)
    }
}

/// A thing the principal may act on.
#[derive(Debug, Clone)]
pub struct Permitted<T>(T);

impl<T> Permitted<T> {
    /// The thing itself, to be changed.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Permitted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Not allowed; the thing comes back unread.
#[derive(Debug)]
pub struct Denied<T>(pub Loaded<T>);

/// Lets the principal act on what was loaded, or hands it back.
///
/// `now` is the school's clock: a grant counts until its end.
pub fn permit<T: Subject>(
    principal: &Principal,
    action: &Action,
    loaded: Loaded<T>,
    now: Timestamp,
) -> Result<Permitted<T>, Denied<T>> {
    let allowed = match principal {
        Principal::Job(_) => true,
        Principal::Visitor => action.public,
        Principal::Person { id, grants } => {
            action.public
                || loaded.0.relations(*id, now).iter().any(|relation| action.relations.contains(relation))
                || grants.iter().any(|grant| grant.allows(action.roles, &loaded.0.scope(), now))
        }
    };
    if allowed { Ok(Permitted(loaded.0)) } else { Err(Denied(loaded)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Diary {
        owner: PersonId,
    }

    impl Subject for Diary {
        fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
            if person == self.owner { vec![Relation::Owner] } else { Vec::new() }
        }
    }

    const READ: Action =
        Action { name: "diary_read", public: false, roles: &[Role::Staff], relations: &[Relation::Owner] };

    fn person(name: &str) -> PersonId {
        PersonId::derived(&[name])
    }

    #[expect(clippy::disallowed_methods, reason = "stands in for the store")]
    fn ask(principal: &Principal) -> bool {
        let diary = Loaded::from_store(Diary { owner: person("maya") });
        permit(principal, &READ, diary, Timestamp::UNIX_EPOCH).is_ok()
    }

    fn granted(role: Role, until: Option<Timestamp>) -> Principal {
        let id = person("sam");
        let grant = Grant::new(id, role, Scope::Everywhere, until, None, Timestamp::UNIX_EPOCH);
        Principal::Person { id, grants: vec![grant] }
    }

    #[test]
    fn only_the_owner_and_the_granted_role_may() {
        assert!(ask(&Principal::Person { id: person("maya"), grants: vec![] }));
        assert!(ask(&granted(Role::Staff, None)));
        assert!(ask(&Principal::Job("billing")));
        assert!(!ask(&Principal::Visitor));
        assert!(!ask(&Principal::Person { id: person("tom"), grants: vec![] }));
        assert!(!ask(&granted(Role::Mentor, None)));
    }

    #[test]
    fn a_grant_ends_at_its_end() {
        assert!(!ask(&granted(Role::Staff, Some(Timestamp::UNIX_EPOCH))));
    }
}
