//! The formal check.

use bando_proto::v1::{ApplicationState, CallState};

use super::{Answer, Model, asked, expect};
use crate::model::acts::closes_at;

impl Model {
    pub(super) fn open_check(&mut self, who: usize) -> Answer {
        let closed = self.now > closes_at();
        let paper = self.paper(who)?;
        expect(paper.state, ApplicationState::Submitted)?;
        if !closed {
            return Err("CALL_NOT_OPEN");
        }
        paper.state = ApplicationState::UnderCheck;
        paper.changed = true;
        Ok(())
    }

    pub(super) fn find(&mut self, who: usize, rule: usize, passed: bool) -> Answer {
        let paper = self.paper(who)?;
        expect(paper.state, ApplicationState::UnderCheck)?;
        asked::expect_nothing_open(paper)?;
        paper.findings[rule] = Some(passed);
        paper.changed = true;
        Ok(())
    }

    pub(super) fn conclude(&mut self, who: usize) -> Answer {
        let paper = self.paper(who)?;
        expect(paper.state, ApplicationState::UnderCheck)?;
        asked::expect_nothing_open(paper)?;
        if paper.findings.contains(&Some(false)) {
            paper.state = ApplicationState::Inadmissible;
            paper.promise("inadmissible");
        } else if paper.findings.contains(&None) {
            return Err("FINDINGS_OPEN");
        } else {
            paper.state = ApplicationState::Admissible;
        }
        paper.changed = true;
        Ok(())
    }

    pub(super) fn reopen(&mut self, who: usize) -> Answer {
        let waits = self.ranking_waits();
        let ranked = !matches!(
            self.call,
            CallState::Draft | CallState::Published | CallState::Open | CallState::Closed
        );
        let paper = self.paper(who)?;
        if waits {
            return Err("RANKING_PENDING");
        }
        let was = paper.state;
        if !matches!(
            was,
            ApplicationState::Admissible | ApplicationState::Inadmissible
        ) {
            return Err("APPLICATION_STATE");
        }
        if ranked {
            return Err("RANKING_IN_FORCE");
        }
        if was == ApplicationState::Inadmissible {
            paper.promise("check_reopened");
        }
        paper.state = ApplicationState::UnderCheck;
        paper.changed = true;
        Ok(())
    }
}
