//! What a consortium may do with its application, by the window of the call.

use std::collections::BTreeMap;

use bando_proto::v1::{ApplicationState, CallState};
use bando_tests::daemon::opens_at;

use super::{Answer, Model, NOTHING_YET, Paper, asked};
use crate::model::acts::{EVALUATORS, Part, RULES, closes_at};

impl Model {
    fn expect_window(&self) -> Answer {
        if self.now < opens_at() || self.call == CallState::Draft {
            return Err("CALL_NOT_OPEN");
        }
        if self.now > closes_at() {
            return Err("CALL_CLOSED");
        }
        Ok(())
    }

    pub(super) fn create(&mut self, who: usize, complete: bool) -> Answer {
        if !self.registered[who] {
            return Err(NOTHING_YET);
        }
        if self.call == CallState::Draft {
            return Err("NOT_FOUND");
        }
        if self.papers[who].is_some() {
            return Err("APPLICATION_EXISTS");
        }
        self.expect_window()?;
        self.papers[who] = Some(Paper {
            state: ApplicationState::Draft,
            complete,
            parts_changed: [false; 2],
            changed: false,
            submissions: 0,
            late_attempts: 0,
            findings: [None; RULES.len()],
            asked: Vec::new(),
            sheets: [None; EVALUATORS.len()],
            amount_cents: 0,
            letters: BTreeMap::new(),
            numbers: 0,
        });
        Ok(())
    }

    /// Stale only where the same part was changed since.
    pub(super) fn edit(&mut self, who: usize, part: Part, stale: bool) -> Answer {
        let in_window = self.expect_window();
        let paper = self.paper(who)?;
        let place = match part {
            Part::Title { .. } => 0,
            Part::Summary => 1,
        };
        if stale && paper.parts_changed[place] {
            return Err("ETAG_MISMATCH");
        }
        expect_editable(paper)?;
        in_window?;
        paper.parts_changed[place] = true;
        if let Part::Title { complete } = part {
            paper.complete = complete;
        }
        paper.changed = true;
        Ok(())
    }

    pub(super) fn submit(&mut self, who: usize, stale: bool) -> Answer {
        let late = self.now > closes_at();
        let in_window = self.expect_window();
        let paper = self.paper(who)?;
        let tried = matches!(
            paper.state,
            ApplicationState::Draft
                | ApplicationState::Submitted
                | ApplicationState::Lapsed
                | ApplicationState::Late
        );
        if late && tried {
            paper.late_attempts += 1;
            if paper.submissions == 0 {
                paper.state = ApplicationState::Late;
            }
            paper.changed = true;
            paper.promise("late_refusal");
            return Err("CALL_CLOSED");
        }
        if stale && paper.changed {
            return Err("ETAG_MISMATCH");
        }
        expect_editable(paper)?;
        in_window?;
        if !paper.complete {
            return Err("APPLICATION_INCOMPLETE");
        }
        paper.state = ApplicationState::Submitted;
        paper.submissions += 1;
        paper.numbers += 1;
        paper.changed = true;
        paper.promise("receipt");
        Ok(())
    }

    pub(super) fn withdraw(&mut self, who: usize, stale: bool) -> Answer {
        let paper = self.paper(who)?;
        if stale && paper.changed {
            return Err("ETAG_MISMATCH");
        }
        let may = matches!(
            paper.state,
            ApplicationState::Submitted
                | ApplicationState::UnderCheck
                | ApplicationState::Admissible
        );
        if !may {
            return Err("APPLICATION_STATE");
        }
        paper.state = ApplicationState::Withdrawn;
        paper.changed = true;
        asked::give_up(paper);
        Ok(())
    }
}

fn expect_editable(paper: &Paper) -> Answer {
    let editable = [ApplicationState::Draft, ApplicationState::Submitted];
    if editable.contains(&paper.state) {
        Ok(())
    } else {
        Err("APPLICATION_STATE")
    }
}
