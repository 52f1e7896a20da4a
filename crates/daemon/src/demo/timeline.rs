//! The printed timeline: simulated date, what happened, which letters it caused. All on stderr.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use bando_domain::civil::Zone;
use bando_proto::v1;
use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};

use crate::acting::desk::Desk;

/// Steps of the whole play, for the progress bar.
const STEPS: u64 = 270;

pub(super) struct Timeline {
    bar: Option<ProgressBar>,
    zone: Zone,
    seen: BTreeSet<String>,
}

impl Timeline {
    pub(super) fn new(zone: Zone) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(STEPS);
            let style = ProgressStyle::with_template("{wide_bar} {percent:>3} % {elapsed}");
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self {
            bar,
            zone,
            seen: BTreeSet::new(),
        }
    }

    pub(super) fn step(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// Prints a line with the letters that came since the last one.
    pub(super) async fn tell(
        &mut self,
        office: &Desk,
        at: DateTime<Utc>,
        what: &str,
    ) -> anyhow::Result<()> {
        self.step();
        let letters = self.new_letters(office).await?;
        let civil = at.with_timezone(&self.zone.tz()).format("%Y-%m-%d %H:%M");
        let letters = if letters.is_empty() {
            String::new()
        } else {
            format!("letters: {letters}")
        };
        self.line(format!("{civil}  {what:<76} {letters}").trim_end())?;
        Ok(())
    }

    pub(super) fn line(&self, text: &str) -> std::io::Result<()> {
        let write = || writeln!(std::io::stderr(), "{text}");
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    async fn new_letters(&mut self, office: &Desk) -> anyhow::Result<String> {
        let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
        for letter in all_letters(office).await? {
            if self.seen.insert(letter.name) {
                *kinds.entry(letter.kind).or_default() += 1;
            }
        }
        let parts: Vec<String> = kinds
            .into_iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        Ok(parts.join(", "))
    }
}

pub(super) async fn all_letters(office: &Desk) -> anyhow::Result<Vec<v1::Letter>> {
    let mut letters = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListLettersRequest {
            parent: "programmes/er".to_owned(),
            page_size: 1_000,
            page_token,
            filter: String::new(),
        };
        let page = office.letters().list_letters(request).await?.into_inner();
        letters.extend(page.letters);
        if page.next_page_token.is_empty() {
            return Ok(letters);
        }
        page_token = page.next_page_token;
    }
}
