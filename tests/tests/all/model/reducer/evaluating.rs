//! Who evaluates what: nobody reads before declaring, and one person has an application once.

use bando_proto::v1::{ApplicationState, EvaluationState};

use super::{Answer, Model, NOTHING_YET, Sheet, expect};

const fn is_live(state: EvaluationState) -> bool {
    matches!(
        state,
        EvaluationState::Assigned | EvaluationState::Declared | EvaluationState::Scored
    )
}

impl Model {
    fn sheet(&mut self, who: usize, evaluator: usize) -> Result<&mut Sheet, &'static str> {
        let sheets = &mut self.paper(who)?.sheets;
        sheets[evaluator].as_mut().ok_or(NOTHING_YET)
    }

    pub(super) fn assign(&mut self, who: usize, evaluator: usize) -> Answer {
        let paper = self.paper(who)?;
        expect(paper.state, ApplicationState::Admissible)?;
        if paper.sheets[evaluator].is_some() {
            return Err("EVALUATION_EXISTS");
        }
        paper.sheets[evaluator] = Some(Sheet {
            state: EvaluationState::Assigned,
            replaced: false,
        });
        Ok(())
    }

    /// An application that was never theirs, or is not any more, does not exist for them.
    pub(super) fn read(&mut self, who: usize, evaluator: usize) -> Answer {
        let sheet = self.paper(who)?.sheets[evaluator];
        match sheet.map(|sheet| sheet.state) {
            Some(EvaluationState::Assigned) => Err("CONFLICT_NOT_DECLARED"),
            Some(EvaluationState::Declared | EvaluationState::Scored) => Ok(()),
            Some(_) | None => Err("NOT_FOUND"),
        }
    }

    pub(super) fn declare(&mut self, who: usize, evaluator: usize) -> Answer {
        let sheet = self.sheet(who, evaluator)?;
        if sheet.state != EvaluationState::Assigned {
            return Err("EVALUATION_STATE");
        }
        sheet.state = EvaluationState::Declared;
        Ok(())
    }

    pub(super) fn declare_conflict(&mut self, who: usize, evaluator: usize) -> Answer {
        let sheet = self.sheet(who, evaluator)?;
        if !is_live(sheet.state) {
            return Err("EVALUATION_STATE");
        }
        sheet.state = EvaluationState::Conflicted;
        Ok(())
    }

    pub(super) fn score(&mut self, who: usize, evaluator: usize) -> Answer {
        let sheet = self.sheet(who, evaluator)?;
        match sheet.state {
            EvaluationState::Assigned => Err("CONFLICT_NOT_DECLARED"),
            EvaluationState::Declared => {
                sheet.state = EvaluationState::Scored;
                Ok(())
            }
            _ => Err("EVALUATION_STATE"),
        }
    }

    pub(super) fn exclude(&mut self, who: usize, evaluator: usize) -> Answer {
        let sheet = self.sheet(who, evaluator)?;
        if !is_live(sheet.state) && sheet.state != EvaluationState::Conflicted {
            return Err("EVALUATION_STATE");
        }
        sheet.state = EvaluationState::Excluded;
        Ok(())
    }

    /// Work that is not scored, or that a conflict ended, goes to another person, once.
    pub(super) fn reassign(&mut self, who: usize, from: usize, to: usize) -> Answer {
        let paper = self.paper(who)?;
        let Some(sheet) = paper.sheets[from] else {
            return Err(NOTHING_YET);
        };
        let is_conflicted = sheet.state == EvaluationState::Conflicted;
        let is_open = match sheet.state {
            EvaluationState::Assigned | EvaluationState::Declared => true,
            _ => is_conflicted && !sheet.replaced,
        };
        if !is_open {
            return Err("EVALUATION_STATE");
        }
        expect(paper.state, ApplicationState::Admissible)?;
        if paper.sheets[to].is_some() {
            return Err("EVALUATION_EXISTS");
        }
        paper.sheets[from] = Some(Sheet {
            state: if is_conflicted {
                EvaluationState::Conflicted
            } else {
                EvaluationState::Reassigned
            },
            replaced: true,
        });
        paper.sheets[to] = Some(Sheet {
            state: EvaluationState::Assigned,
            replaced: false,
        });
        Ok(())
    }
}
