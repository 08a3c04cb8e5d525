//! What is signed: a verifiable credential after the W3C's data model 2.0.
//!
//! It is the whole payload of a JWT, as "Securing Verifiable Credentials using JOSE and COSE"
//! has it (`typ` [`MEDIA_TYPE`]). The fields are written in the order they stand here, so that the
//! same award gives the same bytes. Names are camelCase, as that data model's are.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::award::{Award, AwardedSkill, Earned, Evidence};
use crate::digest::Sha256Hex;
use crate::id::{CredentialId, DefenseId, DegreeId, EditionId, PersonId, ProjectId, SkillId, SubmissionId};

/// The `typ` of a JWT that holds a credential.
pub const MEDIA_TYPE: &str = "vc+jwt";

/// The data model's own context; it must be the first.
const CONTEXT: &str = "https://www.w3.org/ns/credentials/v2";

/// The school as the issuer of credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// Its URL, without a slash at the end; its keys are under `/.well-known/jwks.json`.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A degree as a verifiable credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// Where the terms are defined: the data model's, then the school's own.
    #[serde(rename = "@context")]
    pub context: (String, Vocabulary),
    /// Where the credential can be had.
    pub id: String,
    /// What kind of credential it is.
    #[serde(rename = "type")]
    pub kinds: Vec<String>,
    /// Who signs.
    pub issuer: Issuer,
    /// Since when it holds: the instant of the decision.
    pub valid_from: Timestamp,
    /// Who earned what.
    pub credential_subject: Graduate,
    /// What the verdicts rest on.
    pub evidence: Vec<DefendedProject>,
}

/// The school's own terms, each under one URL, so that nobody has to fetch a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// What a term is appended to.
    #[serde(rename = "@vocab")]
    pub vocab: String,
}

/// Who earned what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graduate {
    /// The person's id as a URN.
    pub id: String,
    /// The name at the time of issue.
    pub name: String,
    /// What was earned.
    pub achievement: Achievement,
}

/// The degree, as it was that day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Achievement {
    /// `Degree`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its title.
    pub name: String,
    /// The school's word for it.
    pub degree: DegreeId,
    /// The edition it was learned on.
    pub edition: EditionId,
    /// The edition's version.
    pub version: u32,
    /// The civil date of the decision.
    pub awarded_on: Date,
    /// Level of the European Qualifications Framework that day.
    pub eqf_level: u8,
    /// Where it was recognized that day, by ISO 3166-1 code.
    pub countries: Vec<String>,
    /// Universities and companies that stood behind it that day, by name.
    pub partners: Vec<String>,
    /// Every skill of the degree, shown or recognized.
    pub skills: Vec<ShownSkill>,
}

/// A skill that the graduate has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownSkill {
    /// Its URI in ESCO, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `Skill`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The edition's word for it.
    pub skill: SkillId,
    /// Its name.
    pub name: String,
    /// `acquired` in a defense, or `recognized` from earlier learning.
    #[serde(default)]
    pub earned: Earned,
}

/// A project that was defended, by hashes alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DefendedProject {
    /// `DefendedProject`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The project.
    pub project: ProjectId,
    /// The work that was defended.
    pub submission: SubmissionId,
    /// The hash of the work's manifest.
    pub manifest_sha256: Sha256Hex,
    /// The defense.
    pub defense: DefenseId,
    /// The hash of the defense's recording; left out where a waiver stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_sha256: Option<Sha256Hex>,
}

impl Claims {
    /// What to sign for an award, under the credential's id and the graduate's name.
    pub fn of(award: &Award, id: CredentialId, name: &str, issuer: &Issuer) -> Self {
        let vocab = format!("{}/ns/credentials#", issuer.id);
        Self {
            context: (CONTEXT.to_owned(), Vocabulary { vocab }),
            id: format!("{}/v1/credentials/{id}", issuer.id),
            kinds: vec!["VerifiableCredential".to_owned(), "DegreeCredential".to_owned()],
            issuer: issuer.clone(),
            valid_from: award.decided_at,
            credential_subject: Graduate {
                id: urn(award.person),
                name: name.to_owned(),
                achievement: Achievement::of(award),
            },
            evidence: award.evidence.iter().map(DefendedProject::of).collect(),
        }
    }

    /// Whether this is what was signed for an award: the same person and degree, on the same evidence.
    pub fn tell_of(&self, award: &Award) -> bool {
        let evidence: Vec<_> = award.evidence.iter().map(DefendedProject::of).collect();
        self.credential_subject.id == urn(award.person)
            && self.credential_subject.achievement == Achievement::of(award)
            && self.evidence == evidence
    }
}

fn urn(person: PersonId) -> String {
    person.uuid().urn().to_string()
}

impl Achievement {
    fn of(award: &Award) -> Self {
        Self {
            kind: "Degree".to_owned(),
            name: award.title.clone(),
            degree: award.degree.clone(),
            edition: award.edition.clone(),
            version: award.version,
            awarded_on: award.awarded_on,
            eqf_level: award.eqf_level,
            countries: award.countries.iter().cloned().collect(),
            partners: award.partners.iter().map(|partner| partner.name.clone()).collect(),
            skills: award.skills.iter().map(ShownSkill::of).collect(),
        }
    }
}

impl ShownSkill {
    fn of(awarded: &AwardedSkill) -> Self {
        Self {
            id: awarded.esco_uri.clone(),
            kind: "Skill".to_owned(),
            skill: awarded.skill.clone(),
            name: awarded.name.clone(),
            earned: awarded.earned,
        }
    }
}

impl DefendedProject {
    fn of(evidence: &Evidence) -> Self {
        Self {
            kind: "DefendedProject".to_owned(),
            project: evidence.project.clone(),
            submission: evidence.submission,
            manifest_sha256: evidence.manifest_sha256,
            defense: evidence.defense,
            recording_sha256: evidence.recording_sha256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::award::tests::sample;
    use crate::credential::Credential;

    fn claims() -> Claims {
        let award = sample();
        let issuer = Issuer { id: "https://compagnon.example".into(), name: "Compagnon".into() };
        Claims::of(&award, Credential::id_of(award.id, 1), "Maya Lind", &issuer)
    }

    #[test]
    fn the_signed_bytes_have_this_shape() {
        insta::assert_json_snapshot!(claims(), @r#"
        {
          "@context": [
            "https://www.w3.org/ns/credentials/v2",
            {
              "@vocab": "https://compagnon.example/ns/credentials#"
            }
          ],
          "id": "https://compagnon.example/v1/credentials/cre_70bc1423f928561bb7279fdd76aa9a12",
          "type": [
            "VerifiableCredential",
            "DegreeCredential"
          ],
          "issuer": {
            "id": "https://compagnon.example",
            "name": "Compagnon"
          },
          "validFrom": "2028-02-05T23:30:00Z",
          "credentialSubject": {
            "id": "urn:uuid:adcd6036-8ca8-5c89-8918-87843d4ef955",
            "name": "Maya Lind",
            "achievement": {
              "type": "Degree",
              "name": "Web developer",
              "degree": "web-development",
              "edition": "web-development-gb",
              "version": 1,
              "awardedOn": "2028-02-05",
              "eqfLevel": 5,
              "countries": [
                "FR",
                "GB"
              ],
              "partners": [
                "North University"
              ],
              "skills": [
                {
                  "id": "http://data.europa.eu/esco/skill/1",
                  "type": "Skill",
                  "skill": "skill-1",
                  "name": "Skill 1",
                  "earned": "acquired"
                },
                {
                  "type": "Skill",
                  "skill": "skill-2",
                  "name": "Skill 2",
                  "earned": "acquired"
                },
                {
                  "id": "http://data.europa.eu/esco/skill/3",
                  "type": "Skill",
                  "skill": "skill-3",
                  "name": "Skill 3",
                  "earned": "recognized"
                },
                {
                  "id": "http://data.europa.eu/esco/skill/4",
                  "type": "Skill",
                  "skill": "skill-4",
                  "name": "Skill 4",
                  "earned": "recognized"
                }
              ]
            }
          },
          "evidence": [
            {
              "type": "DefendedProject",
              "project": "project-1",
              "submission": "sub_9c170f91336b5b3a8d68b8f39d24516a",
              "manifestSha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
              "defense": "def_d8b7ad64bcb354139624f08749cbcdee",
              "recordingSha256": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
            }
          ]
        }
        "#);
    }

    #[test]
    fn claims_read_back_as_themselves() {
        let bytes = serde_json::to_vec(&claims()).expect("json");
        let read: Claims = serde_json::from_slice(&bytes).expect("claims");
        assert_eq!(serde_json::to_vec(&read).expect("json"), bytes);
    }

    #[test]
    fn claims_tell_of_one_award() {
        assert!(claims().tell_of(&sample()));
        let check = |change: fn(&mut Award)| {
            let mut award = sample();
            change(&mut award);
            assert!(!claims().tell_of(&award));
        };
        check(|award| award.person = PersonId::derived(&["tom"]));
        check(|award| _ = award.countries.insert("US".into()));
        check(|award| award.eqf_level = 8);
        check(|award| award.evidence.clear());
        check(|award| award.skills[0].earned = Earned::Recognized);
    }

    /// Bytes that were issued before credentials told them apart still tell of their award.
    #[test]
    fn a_skill_that_says_nothing_was_acquired() {
        let mut kept =
            serde_json::to_value(&claims().credential_subject.achievement.skills[0]).expect("json");
        kept.as_object_mut().expect("fields").remove("earned");
        let read: ShownSkill = serde_json::from_value(kept).expect("a skill");
        assert_eq!(read.earned, Earned::Acquired);
    }

    /// Invariant 29: the only URLs are the school's own, the standard's and ESCO's.
    #[test]
    fn evidence_has_no_links() {
        let evidence = serde_json::to_string(&claims().evidence).expect("json");
        assert!(!evidence.contains("://"));
    }
}
