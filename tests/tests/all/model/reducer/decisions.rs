//! What two persons decide: the publication, the ranking, the award.

use bando_proto::v1::{ApplicationState, CallState, EvaluationState};
use chrono::{DateTime, Days, FixedOffset, NaiveTime, TimeDelta, Utc};

use super::{Answer, Model, NOTHING_YET};
use crate::model::acts::{
    BUDGET_CENTS, GRANT_CENTS, MISSES_THRESHOLD, SHEETS, SMALLEST_CENTS, Step,
};

/// A proposal and whether it still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pending {
    waits: bool,
    at: DateTime<Utc>,
}

impl Pending {
    const fn since(at: DateTime<Utc>) -> Self {
        Self { waits: true, at }
    }

    /// Thirty days are the most.
    fn ends_at(self) -> DateTime<Utc> {
        self.at + TimeDelta::days(30)
    }

    /// The office's round at seven in the morning ends what waited too long.
    fn swept_at(self) -> Option<DateTime<Utc>> {
        let rome = FixedOffset::east_opt(2 * 3_600)?;
        let seven = NaiveTime::from_hms_opt(7, 0, 0)?;
        let end = self.ends_at().with_timezone(&rome);
        let mut on = end.date_naive();
        if end.time() >= seven {
            on = on + Days::new(1);
        }
        Some(
            on.and_time(seven)
                .and_local_timezone(rome)
                .single()?
                .to_utc(),
        )
    }

    fn expect_decidable(self, by_requester: bool, now: DateTime<Utc>) -> Answer {
        if !self.waits {
            return Err("PROPOSAL_STATE");
        }
        if by_requester {
            return Err("SECOND_PERSON_REQUIRED");
        }
        if now > self.ends_at() {
            return Err("PROPOSAL_EXPIRED");
        }
        Ok(())
    }
}

/// A version of the ranking: best first, and who missed the threshold.
#[derive(Debug, Clone)]
pub(super) struct Ranking {
    number: u32,
    places: Vec<usize>,
    below: Vec<usize>,
}

impl Model {
    pub(super) fn ranking_waits(&self) -> bool {
        self.ranking
            .as_ref()
            .is_some_and(|(pending, _)| pending.waits)
    }

    pub(super) fn expire_proposals(&mut self) {
        let now = self.now;
        let ranking = self.ranking.as_mut().map(|(pending, _)| pending);
        let award = self.award.as_mut().map(|(pending, _)| pending);
        let all = [self.publication.as_mut(), ranking, award];
        for pending in all.into_iter().flatten() {
            if pending.swept_at().is_some_and(|at| now >= at) {
                pending.waits = false;
            }
        }
    }

    pub(super) fn propose(&mut self, step: Step) -> Answer {
        match step {
            Step::Publication => {
                if self.call != CallState::Draft {
                    return Err("CALL_STATE");
                }
                if self.publication.is_some_and(|pending| pending.waits) {
                    return Err("PROPOSAL_EXISTS");
                }
                self.publication = Some(Pending::since(self.now));
                Ok(())
            }
            Step::Ranking => self.rank(),
            Step::Award => self.propose_award(),
        }
    }

    fn pending(&mut self, step: Step) -> Result<&mut Pending, &'static str> {
        let found = match step {
            Step::Publication => self.publication.as_mut(),
            Step::Ranking => self.ranking.as_mut().map(|(pending, _)| pending),
            Step::Award => self.award.as_mut().map(|(pending, _)| pending),
        };
        found.ok_or(NOTHING_YET)
    }

    pub(super) fn reject(&mut self, step: Step) -> Answer {
        let pending = self.pending(step)?;
        if !pending.waits {
            return Err("PROPOSAL_STATE");
        }
        pending.waits = false;
        Ok(())
    }

    pub(super) fn approve(&mut self, step: Step, by_requester: bool) -> Answer {
        let now = self.now;
        self.pending(step)?.expect_decidable(by_requester, now)?;
        match step {
            Step::Publication => {
                if self.call != CallState::Draft {
                    return Err("CALL_STATE");
                }
                self.call = CallState::Published;
            }
            Step::Ranking => self.put_in_force()?,
            Step::Award => self.award()?,
        }
        self.pending(step)?.waits = false;
        Ok(())
    }

    fn rank(&mut self) -> Answer {
        if !matches!(self.call, CallState::Closed | CallState::Ranked) {
            return Err("CALL_STATE");
        }
        let open = [ApplicationState::Submitted, ApplicationState::UnderCheck];
        if open.iter().any(|state| !self.all_in(*state).is_empty()) {
            return Err("CHECKS_OPEN");
        }
        let admissible = self.all_in(ApplicationState::Admissible);
        for paper in admissible
            .iter()
            .filter_map(|who| self.papers[*who].as_ref())
        {
            let count = |wanted: EvaluationState| {
                let sheets = paper.sheets.iter().flatten();
                sheets.filter(|sheet| sheet.state == wanted).count()
            };
            let needed = SHEETS.saturating_sub(count(EvaluationState::Excluded));
            if count(EvaluationState::Scored) < needed.max(1) {
                return Err("EVALUATION_MISSING");
            }
        }
        self.rankings += 1;
        let (below, places) = admissible
            .into_iter()
            .partition(|who| *who == MISSES_THRESHOLD);
        // Best first is the order of the scores.
        let ranking = Ranking {
            number: self.rankings,
            places,
            below,
        };
        self.ranking = Some((Pending::since(self.now), ranking));
        Ok(())
    }

    fn put_in_force(&mut self) -> Answer {
        if !matches!(self.call, CallState::Closed | CallState::Ranked) {
            return Err("CALL_STATE");
        }
        self.in_force = self.ranking.as_ref().map(|(_, ranking)| ranking.clone());
        self.call = CallState::Ranked;
        Ok(())
    }

    fn propose_award(&mut self) -> Answer {
        if self.call != CallState::Ranked {
            return Err("CALL_STATE");
        }
        let Some(ranking) = &self.in_force else {
            return Err("CALL_STATE");
        };
        let known = self.award.filter(|(pending, _)| pending.waits);
        if known.is_some_and(|(_, number)| number == ranking.number) {
            return Err("PROPOSAL_EXISTS");
        }
        self.award = Some((Pending::since(self.now), ranking.number));
        Ok(())
    }

    /// Down the ranking, the last one in part if what is left is no less than the smallest grant;
    /// after the first that does not fit everybody waits.
    fn award(&mut self) -> Answer {
        if self.call != CallState::Ranked {
            return Err("CALL_STATE");
        }
        let number = self.award.map(|(_, number)| number);
        let ranking = self.in_force.clone();
        let Some(ranking) = ranking.filter(|known| Some(known.number) == number) else {
            return Err("RANKING_OUTDATED");
        };
        let mut all = ranking.places.iter().chain(&ranking.below);
        let admissible = self.all_in(ApplicationState::Admissible);
        if all.any(|who| !admissible.contains(who)) {
            return Err("RANKING_OUTDATED");
        }
        let mut left = BUDGET_CENTS;
        for who in ranking.places {
            let (state, letter, amount) = if left >= GRANT_CENTS {
                (ApplicationState::Awarded, "awarded", GRANT_CENTS)
            } else if left >= SMALLEST_CENTS {
                (ApplicationState::Awarded, "awarded_in_part", left)
            } else {
                (ApplicationState::Waiting, "waiting_list", 0)
            };
            left = if amount == GRANT_CENTS {
                left - amount
            } else {
                0
            };
            self.place(who, state, letter, amount);
        }
        for who in ranking.below {
            self.place(who, ApplicationState::BelowThreshold, "below_threshold", 0);
        }
        self.call = CallState::Awarded;
        Ok(())
    }

    fn place(&mut self, who: usize, state: ApplicationState, letter: &'static str, cents: i64) {
        if let Some(paper) = self.papers[who].as_mut() {
            paper.state = state;
            paper.amount_cents = cents;
            paper.changed = true;
            paper.promise(letter);
        }
    }
}
