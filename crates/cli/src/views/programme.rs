//! A programme.

use bando_proto::v1;
use serde::Serialize;

use super::{Text, title};
use crate::names::last;
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Programme {
    name: String,
    title: Text,
    authority: Text,
    region: String,
    language: String,
    zone: String,
    currency: String,
    sender: String,
    reply_to: String,
    etag: String,
}

impl From<&v1::Programme> for Programme {
    fn from(programme: &v1::Programme) -> Self {
        Self {
            name: programme.name.clone(),
            title: Text::of(programme.title.as_ref()),
            authority: Text::of(programme.authority.as_ref()),
            region: programme.region.clone(),
            language: programme.language.clone(),
            zone: programme.zone.clone(),
            currency: programme.currency.clone(),
            sender: programme.sender.clone(),
            reply_to: programme.reply_to.clone(),
            etag: programme.etag.clone(),
        }
    }
}

impl Row for Programme {
    const HEAD: &'static [&'static str] = &["PROGRAMME", "REGION", "ZONE", "SENDER", "TITLE"];

    fn cells(&self) -> Vec<String> {
        vec![
            last(&self.name).to_owned(),
            self.region.clone(),
            self.zone.clone(),
            self.sender.clone(),
            title(&self.title.en),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl View for Programme {
    fn text(&self) -> String {
        Sheet::titled(&format!("{}  {}", last(&self.name), self.title.en))
            .field("authority", &self.authority.en)
            .field("region", &self.region)
            .field("language", &self.language)
            .field("zone", &self.zone)
            .field("currency", &self.currency)
            .field("sender", &self.sender)
            .field("reply to", &self.reply_to)
            .field("etag", &self.etag)
            .text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
