//! An evaluation, and the cover of what is evaluated.

use bando_proto::v1;
use serde::Serialize;

use super::progress::application_of;
use super::{at, seconds, some, word};
use crate::names::last;
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Evaluation {
    name: String,
    application: String,
    evaluator: String,
    state: String,
    declared_at: Option<String>,
    conflict: Option<String>,
    flags: Vec<Flag>,
    lifted: Vec<Lifted>,
    scores: Vec<Given>,
    earlier: Vec<Earlier>,
    agreed: Option<Agreed>,
    replaces: Option<String>,
    replaced_by: Option<String>,
    reassigned_because: Option<String>,
    excluded_because: Option<String>,
    effect: Option<Effect>,
    etag: String,
}

#[derive(Debug, Serialize)]
struct Flag {
    kind: String,
    firm: String,
}

#[derive(Debug, Serialize)]
struct Lifted {
    flags: Vec<Flag>,
    reason: String,
    by: String,
    at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Given {
    criterion: String,
    score: String,
    comment: String,
}

#[derive(Debug, Serialize)]
struct Earlier {
    scores: Vec<Given>,
    reason: String,
    revised_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Agreed {
    scores: Vec<Given>,
    reason: String,
    proposed_by: String,
    proposed_at: Option<String>,
    confirmed_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Effect {
    before: Side,
    after: Side,
}

#[derive(Debug, Default, Serialize)]
struct Side {
    required: i32,
    present: i32,
    total: Option<String>,
    reaches_threshold: Option<bool>,
    position: Option<i32>,
    consensus_open: bool,
}

fn state(wire: i32) -> String {
    let state = v1::EvaluationState::try_from(wire).ok();
    word(state.map(|state| state.as_str_name()), "EVALUATION_STATE_")
}

fn scores(wire: &[v1::Score]) -> Vec<Given> {
    let scores = wire.iter().map(|score| Given {
        criterion: score.criterion.clone(),
        score: score.score.clone(),
        comment: score.comment.clone(),
    });
    scores.collect()
}

fn flags(wire: &[v1::Flag]) -> Vec<Flag> {
    let flags = wire.iter().map(|flag| Flag {
        kind: flag.kind.clone(),
        firm: flag.firm.clone(),
    });
    flags.collect()
}

impl From<&v1::Evaluation> for Evaluation {
    fn from(wire: &v1::Evaluation) -> Self {
        Self {
            name: wire.name.clone(),
            application: application_of(&wire.name).to_owned(),
            evaluator: wire.evaluator.clone(),
            state: state(wire.state),
            declared_at: at(wire.declared_at.as_ref()),
            conflict: some(&wire.conflict),
            flags: flags(&wire.flags),
            lifted: wire.lifted.iter().map(Lifted::from).collect(),
            scores: scores(&wire.scores),
            earlier: wire.earlier.iter().map(Earlier::from).collect(),
            agreed: wire.agreed.as_ref().map(Agreed::from),
            replaces: some(&wire.replaces),
            replaced_by: some(&wire.replaced_by),
            reassigned_because: some(&wire.reassigned_because),
            excluded_because: some(&wire.excluded_because),
            effect: wire.effect.as_ref().map(Effect::from),
            etag: wire.etag.clone(),
        }
    }
}

impl From<&v1::LiftedFlags> for Lifted {
    fn from(wire: &v1::LiftedFlags) -> Self {
        Self {
            flags: flags(&wire.flags),
            reason: wire.reason.clone(),
            by: wire.by.clone(),
            at: at(wire.at.as_ref()),
        }
    }
}

impl From<&v1::EarlierSheet> for Earlier {
    fn from(wire: &v1::EarlierSheet) -> Self {
        Self {
            scores: scores(&wire.scores),
            reason: wire.reason.clone(),
            revised_at: at(wire.revised_at.as_ref()),
        }
    }
}

impl From<&v1::AgreedSheet> for Agreed {
    fn from(wire: &v1::AgreedSheet) -> Self {
        Self {
            scores: scores(&wire.scores),
            reason: wire.reason.clone(),
            proposed_by: wire.proposed_by.clone(),
            proposed_at: at(wire.proposed_at.as_ref()),
            confirmed_at: at(wire.confirmed_at.as_ref()),
        }
    }
}

impl From<&v1::ExclusionEffect> for Effect {
    fn from(wire: &v1::ExclusionEffect) -> Self {
        let side = |side: Option<&v1::ExclusionSide>| {
            side.map(|side| Side {
                required: side.required,
                present: side.present,
                total: side.total.clone(),
                reaches_threshold: side.reaches_threshold,
                position: side.position,
                consensus_open: side.consensus_open,
            })
            .unwrap_or_default()
        };
        Self {
            before: side(wire.before.as_ref()),
            after: side(wire.after.as_ref()),
        }
    }
}

impl Row for Evaluation {
    const HEAD: &'static [&'static str] =
        &["ID", "APPLICATION", "EVALUATOR", "STATE", "AGAINST IT"];

    fn cells(&self) -> Vec<String> {
        vec![
            last(&self.name).to_owned(),
            last(&self.application).to_owned(),
            self.evaluator.clone(),
            self.state.clone(),
            told(&self.flags),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Row for Given {
    const HEAD: &'static [&'static str] = &["CRITERION", "SCORE", "COMMENT"];
    const NUMBERS: &'static [usize] = &[1];

    fn cells(&self) -> Vec<String> {
        vec![
            self.criterion.clone(),
            self.score.clone(),
            self.comment.clone(),
        ]
    }

    fn name(&self) -> String {
        self.criterion.clone()
    }
}

fn told(flags: &[Flag]) -> String {
    let told = flags.iter();
    told.map(|flag| format!("{} of {}", flag.kind, flag.firm))
        .collect::<Vec<_>>()
        .join(", ")
}

impl View for Evaluation {
    fn text(&self) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut sheet = Sheet::titled(&format!("Evaluation by {}", self.evaluator))
            .field("name", &self.name)
            .field("state", &self.state)
            .field("declared at", seconds(self.declared_at.as_ref()))
            .field("conflict", text(&self.conflict))
            .field("against it", told(&self.flags))
            .field("replaces", text(&self.replaces))
            .field("replaced by", text(&self.replaced_by))
            .field("reassigned because", text(&self.reassigned_because))
            .field("excluded because", text(&self.excluded_because));
        for lifted in &self.lifted {
            let line = format!("{}: {} ({})", told(&lifted.flags), lifted.reason, lifted.by);
            sheet = sheet.field("lifted", line);
        }
        sheet = sheet.field("etag", &self.etag).rows("SCORES", &self.scores);
        for earlier in &self.earlier {
            let title = format!("REVISED: {}", earlier.reason);
            sheet = sheet.rows(&title, &earlier.scores);
        }
        if let Some(agreed) = &self.agreed {
            let confirmed = match &agreed.confirmed_at {
                Some(at) => format!("confirmed {}", seconds(Some(at))),
                None => "to be confirmed".to_owned(),
            };
            let title = format!("AGREED SHEET, {confirmed}: {}", agreed.reason);
            sheet = sheet.rows(&title, &agreed.scores);
        }
        match &self.effect {
            Some(effect) => sheet.section("WHAT IT DOES", &effect.text()).text(),
            None => sheet.text(),
        }
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Effect {
    fn text(&self) -> String {
        let pair = |label: &str, of: &dyn Fn(&Side) -> String| {
            format!("{label:<12}{} -> {}", of(&self.before), of(&self.after))
        };
        let none = || "none".to_owned();
        let lines = [
            pair("total", &|side| side.total.clone().unwrap_or_else(none)),
            pair("threshold", &|side| match side.reaches_threshold {
                Some(true) => "reached".to_owned(),
                Some(false) => "missed".to_owned(),
                None => none(),
            }),
            pair("place", &|side| {
                side.position.map_or_else(none, |place| place.to_string())
            }),
            pair("evaluations", &|side| {
                format!("{} of {}", side.present, side.required)
            }),
        ];
        let consensus = self.after.consensus_open && !self.before.consensus_open;
        let opens = consensus.then(|| "the sheets that are left are too far apart".to_owned());
        lines
            .into_iter()
            .chain(opens)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Who applies, and with which project.
#[derive(Debug, Serialize)]
pub(crate) struct Cover {
    name: String,
    protocol: String,
    consortium_title: String,
    partita_iva: String,
    members: Vec<Member>,
    project_title: String,
    state: String,
    flags: Vec<Flag>,
    etag: String,
}

#[derive(Debug, Serialize)]
struct Member {
    partita_iva: String,
    title: String,
}

impl From<&v1::Cover> for Cover {
    fn from(wire: &v1::Cover) -> Self {
        let members = wire.members.iter().map(|member| Member {
            partita_iva: member.partita_iva.clone(),
            title: member.title.clone(),
        });
        Self {
            name: wire.name.clone(),
            protocol: wire.protocol.clone(),
            consortium_title: wire.consortium_title.clone(),
            partita_iva: wire.partita_iva.clone(),
            members: members.collect(),
            project_title: wire.project_title.clone(),
            state: state(wire.state),
            flags: flags(&wire.flags),
            etag: wire.etag.clone(),
        }
    }
}

impl Row for Member {
    const HEAD: &'static [&'static str] = &["PARTITA IVA", "MEMBER"];

    fn cells(&self) -> Vec<String> {
        vec![self.partita_iva.clone(), self.title.clone()]
    }

    fn name(&self) -> String {
        self.partita_iva.clone()
    }
}

impl View for Cover {
    fn text(&self) -> String {
        Sheet::titled(&self.consortium_title)
            .field("evaluation", &self.name)
            .field("partita IVA", &self.partita_iva)
            .field("protocol", &self.protocol)
            .field("project", &self.project_title)
            .field("state", &self.state)
            .field("against it", told(&self.flags))
            .field("etag", &self.etag)
            .rows("MEMBERS", &self.members)
            .text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exclusion_is_shown_before_and_after() {
        let side = |total: &str, position: i32, present: i32| v1::ExclusionSide {
            total: Some(total.into()),
            position: Some(position),
            reaches_threshold: Some(true),
            present,
            required: present,
            consensus_open: false,
        };
        let wire = v1::Evaluation {
            effect: Some(v1::ExclusionEffect {
                before: Some(side("60.33", 2, 3)),
                after: Some(side("75.00", 1, 2)),
            }),
            ..Default::default()
        };

        let text = Evaluation::from(&wire).text();

        assert!(text.contains("total       60.33 -> 75.00"), "{text}");
        assert!(text.contains("place       2 -> 1"), "{text}");
        assert!(text.contains("evaluations 3 of 3 -> 2 of 2"), "{text}");
    }
}
