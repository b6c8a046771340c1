//! What is at the target's name: nothing, an index, an alias or a data stream.

use pulse_core::{Code, Error, Progress, Result};
use serde_json::{Map, Value};

use super::super::server::{Ask, Server, encoded};

/// The member of a mapping's `_meta` in which an index says that it was made by a sync.
pub(super) const MARK: &str = "cloud_pulse";

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Absent,
    Index,
    Alias,
    Stream,
}

/// What is at a name.
#[derive(Debug)]
pub(super) struct Place {
    pub kind: Kind,
    /// The index, or those behind the alias or the stream, in the order of their names.
    pub indices: Vec<Held>,
}

/// An index that is there.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub name: String,
    about: Value,
}

impl Place {
    /// Looks what has the name.
    pub(super) fn find(server: &Server, name: &str, progress: &Progress) -> Result<Self> {
        let path = encoded(name);
        let told = match server.value(&Ask::get(&path, &[]), &format!("look at `{name}`"), progress) {
            Err(error) if error.code == Code::NotFound => Value::Object(Map::new()),
            other => other?,
        };
        let Value::Object(told) = told else { return Ok(Self { kind: Kind::Absent, indices: Vec::new() }) };
        let mut indices: Vec<Held> = told.into_iter().map(|(name, about)| Held { name, about }).collect();
        indices.sort_by(|a, b| a.name.cmp(&b.name));
        let kind = match indices.as_slice() {
            [] => Kind::Absent,
            some if some.iter().any(|held| !held.about["data_stream"].is_null()) => Kind::Stream,
            [one] if one.name == name => Kind::Index,
            _ => Kind::Alias,
        };
        Ok(Self { kind, indices })
    }

    /// The index that takes documents which are sent to the name. Fails if the name stands for several and none of them
    /// is meant for writing; nothing if there is none.
    pub(super) fn writable(&self, name: &str) -> Result<Option<&Held>> {
        match self.indices.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            many if self.kind == Kind::Stream => Ok(many.last()),
            many => many.iter().find(|held| held.alias(name)["is_write_index"] == true).map(Some).ok_or_else(|| {
                let names: Vec<&str> = many.iter().map(|held| held.name.as_str()).collect();
                Error::new(Code::Unsupported, format!("`{name}` stands for several indices: {}.", names.join(", ")))
                    .hint("Choose one of them, or another name.")
                    .field("index")
            }),
        }
    }

    /// In words.
    pub(super) fn shown(&self, name: &str) -> String {
        let names: Vec<&str> = self.indices.iter().map(|held| held.name.as_str()).collect();
        match self.kind {
            Kind::Absent => format!("Nothing is called `{name}` yet."),
            Kind::Index => format!("`{name}` is an index."),
            Kind::Alias => format!("`{name}` is an alias of {}.", names.join(", ")),
            Kind::Stream => format!("`{name}` is a data stream."),
        }
    }
}

impl Held {
    /// Looks at one index; nothing if it is not there.
    pub(super) fn find(server: &Server, name: &str, progress: &Progress) -> Result<Option<Self>> {
        let place = Place::find(server, name, progress)?;
        Ok(place.indices.into_iter().find(|held| held.name == name))
    }

    /// What tells it from another of the same name.
    pub(super) fn uuid(&self) -> &str {
        self.setting("uuid").as_str().unwrap_or_default()
    }

    /// Its fields.
    pub(super) fn properties(&self) -> &Value {
        &self.about["mappings"]["properties"]
    }

    /// One of its settings.
    pub(super) fn setting(&self, name: &str) -> &Value {
        name.split('.').fold(&self.about["settings"]["index"], |place, member| &place[member])
    }

    /// What a sync wrote on it, if one made it.
    pub(super) fn mark(&self) -> &Value {
        &self.about["mappings"]["_meta"][MARK]
    }

    /// Its aliases with what belongs to them.
    pub(super) fn aliases(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.about["aliases"].as_object().into_iter().flatten()
    }

    fn alias(&self, name: &str) -> &Value {
        &self.about["aliases"][name]
    }
}
