//! What Kaggle answers, in both shapes: they differ in how they are asked, hardly in what they say.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A page of datasets. The older shape is a bare array.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Datasets {
    Bare(Vec<Dataset>),
    #[serde(rename_all = "camelCase")]
    Paged {
        #[serde(default)]
        datasets: Vec<Dataset>,
        #[serde(default)]
        next_page_token: Option<String>,
    },
}

/// A page of competitions.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Competitions {
    Bare(Vec<Competition>),
    #[serde(rename_all = "camelCase")]
    Paged {
        #[serde(default)]
        competitions: Vec<Competition>,
        #[serde(default)]
        next_page_token: Option<String>,
    },
}

/// A dataset, in a list with little and on its own with much.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Dataset {
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    pub title: Option<String>,
    pub subtitle: Option<String>,
    pub description: Option<String>,
    pub owner_name: Option<String>,
    pub creator_name: Option<String>,
    pub license_name: Option<String>,
    #[serde(deserialize_with = "whole")]
    pub total_bytes: Option<u64>,
    pub last_updated: Option<String>,
    #[serde(deserialize_with = "whole")]
    pub current_version_number: Option<u64>,
    pub usability_rating: Option<f64>,
    #[serde(deserialize_with = "whole")]
    pub download_count: Option<u64>,
    #[serde(deserialize_with = "whole")]
    pub vote_count: Option<u64>,
}

/// A competition.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Competition {
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub organization_name: Option<String>,
    pub category: Option<String>,
    pub reward: Option<String>,
    pub deadline: Option<String>,
    #[serde(deserialize_with = "whole")]
    pub team_count: Option<u64>,
    pub user_has_entered: bool,
    pub evaluation_metric: Option<String>,
}

/// A page of files of a dataset or a competition.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Files {
    #[serde(alias = "datasetFiles")]
    pub files: Vec<File>,
    pub next_page_token: Option<String>,
}

/// One file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct File {
    pub name: Option<String>,
    pub description: Option<String>,
    #[serde(deserialize_with = "whole")]
    pub total_bytes: Option<u64>,
    pub creation_date: Option<String>,
    pub columns: Option<Vec<Column>>,
}

impl File {
    /// Its name, with its folder.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

/// One column as its owner describes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Column {
    #[serde(deserialize_with = "whole")]
    pub order: Option<u64>,
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub original_type: Option<String>,
    pub description: Option<String>,
}

/// Whom a token belongs to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Who {
    pub active: bool,
    pub username: Option<String>,
}

/// A refusal in a body, whatever the status says: `{"code", "message"}`, the gateway's `{"error": {…}}`, or an
/// `errorMessage` beside nothing else.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: u16,
    pub message: String,
}

impl Refusal {
    /// The refusal that an answer holds, if it is one; `status` stands in for a code that is not given.
    pub(super) fn find(answer: &Value, status: u16) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let code = |value: &Value| value.as_u64().and_then(|code| u16::try_from(code).ok()).filter(|code| *code >= 400);
        let inner = if answer["error"].is_object() { &answer["error"] } else { answer };
        if let Some(code) = code(&inner["code"]) {
            return Some(Self { code, message: text(&inner["message"]) });
        }
        let said = text(&answer["errorMessage"]);
        match (status >= 400, said.is_empty()) {
            (true, _) => {
                let message = [said, text(&inner["message"]), text(&answer["error"])];
                Some(Self { code: status, message: message.into_iter().find(|m| !m.is_empty()).unwrap_or_default() })
            }
            (false, false) => Some(Self { code: 400, message: said }),
            (false, true) => None,
        }
    }
}

/// A whole number, also where it is written as a text, as some encoders do with 64 bits.
fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refusals_are_found_whatever_the_status() {
        let found = |answer: Value, status| Refusal::find(&answer, status).map(|r| (r.code, r.message));
        assert_eq!(found(json!({"code": 404, "message": "NotFound"}), 200), Some((404, "NotFound".into())));
        let gateway = json!({"error": {"code": 429, "message": "Too many requests", "status": "RESOURCE_EXHAUSTED"}});
        assert_eq!(found(gateway, 200), Some((429, "Too many requests".into())));
        assert_eq!(found(json!({"errorMessage": "Not ready"}), 200), Some((400, "Not ready".into())));
        assert_eq!(found(json!({}), 503), Some((503, String::new())));
        assert_eq!(found(json!({"datasets": [], "errorMessage": ""}), 200), None);
        assert_eq!(found(json!([1]), 200), None);
    }

    #[test]
    fn both_shapes_of_a_list_are_read() {
        let bare: Datasets = serde_json::from_value(json!([{"ref": "a/b", "totalBytes": "12"}])).expect("a list");
        assert!(matches!(&bare, Datasets::Bare(all) if all[0].total_bytes == Some(12)), "{bare:?}");
        let paged = json!({"datasets": [{"ref": "a/b", "totalBytes": 12, "title": null}], "nextPageToken": "x"});
        let paged: Datasets = serde_json::from_value(paged).expect("a page");
        assert!(matches!(&paged, Datasets::Paged { next_page_token: Some(next), .. } if next == "x"), "{paged:?}");
    }
}
