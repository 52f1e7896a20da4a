//! What a consortium is asked during the check: one request, ten days from its delivery.

use bando_proto::v1::{ApplicationState, ClarificationState};
use chrono::{DateTime, Datelike as _, Days, FixedOffset, NaiveTime, TimeDelta, Utc, Weekday};

use super::{Answer, Asked, Model, NOTHING_YET, Paper, expect};

const DAYS_TO_ANSWER: u64 = 10;

pub(super) const fn is_open(state: ClarificationState) -> bool {
    matches!(
        state,
        ClarificationState::Requested
            | ClarificationState::Delivered
            | ClarificationState::AnsweredInPart
    )
}

pub(super) fn expect_nothing_open(paper: &Paper) -> Answer {
    if paper.asked.iter().any(|asked| is_open(asked.state)) {
        return Err("CLARIFICATION_OPEN");
    }
    Ok(())
}

/// Without a letter: the consortium itself ended it.
pub(super) fn give_up(paper: &mut Paper) {
    for asked in &mut paper.asked {
        if is_open(asked.state) {
            asked.state = ClarificationState::Closed;
        }
    }
}

/// A minute after its last instant a term is over.
pub(super) fn end_terms(paper: &mut Paper, now: DateTime<Utc>) {
    let is_over = |due_at: DateTime<Utc>| now >= due_at + TimeDelta::seconds(60);
    let mut over = 0;
    for asked in &mut paper.asked {
        if is_open(asked.state) && asked.due_at.is_some_and(is_over) {
            asked.state = ClarificationState::Expired;
            over += 1;
        }
    }
    for _ in 0..over {
        paper.promise("clarification_expired");
    }
}

/// The last instant of the tenth day after, or of the next one that is neither a Sunday nor a
/// holiday. The model's days are all in the summer time of 2016, after Easter.
fn term_from(delivered_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let rome = FixedOffset::east_opt(2 * 3_600)?;
    let mut last = delivered_at.with_timezone(&rome).date_naive() + Days::new(DAYS_TO_ANSWER);
    while last.weekday() == Weekday::Sun
        || [(4, 25), (6, 2), (8, 15)].contains(&(last.month(), last.day()))
    {
        last = last.succ_opt()?;
    }
    let midnight = last.succ_opt()?.and_time(NaiveTime::MIN);
    let end = midnight.and_local_timezone(rome).single()?;
    Some(end.to_utc() - TimeDelta::microseconds(1))
}

impl Model {
    fn asked(&mut self, who: usize) -> Result<&mut Asked, &'static str> {
        self.paper(who)?.asked.last_mut().ok_or(NOTHING_YET)
    }

    /// The call of the model asks once; what was taken back before it arrived does not count.
    pub(super) fn ask(&mut self, who: usize) -> Answer {
        let paper = self.paper(who)?;
        expect(paper.state, ApplicationState::UnderCheck)?;
        expect_nothing_open(paper)?;
        let counts =
            |asked: &Asked| asked.state != ClarificationState::Closed || asked.due_at.is_some();
        if paper.asked.iter().any(counts) {
            return Err("CLARIFICATION_LIMIT");
        }
        paper.asked.push(Asked {
            state: ClarificationState::Requested,
            answered: [false; 2],
            answers: 0,
            due_at: None,
            letter_delivered: false,
        });
        paper.changed = true;
        paper.promise("clarification_requested");
        Ok(())
    }

    /// The delivery of the letter is written down; the term runs if it is still waited for.
    pub(super) fn deliver(&mut self, who: usize) -> Answer {
        let now = self.now;
        let asked = self.asked(who)?;
        if asked.letter_delivered {
            return Err("LETTER_STATE");
        }
        asked.letter_delivered = true;
        if !is_open(asked.state) {
            return Ok(());
        }
        if asked.state == ClarificationState::Requested {
            asked.state = ClarificationState::Delivered;
        }
        asked.due_at = term_from(now);
        Ok(())
    }

    pub(super) fn answer(&mut self, who: usize, items: [bool; 2]) -> Answer {
        let now = self.now;
        let asked = self.asked(who)?;
        let was_waited_for = is_open(asked.state) || asked.state == ClarificationState::Expired;
        if was_waited_for && asked.due_at.is_some_and(|due_at| now > due_at) {
            self.paper(who)?.promise("late_answer");
            return Err("CLARIFICATION_LATE");
        }
        if !is_open(asked.state) {
            return Err("CLARIFICATION_STATE");
        }
        for (answered, given) in asked.answered.iter_mut().zip(items) {
            *answered |= given;
        }
        asked.answers += 1;
        asked.state = if asked.answered == [true; 2] {
            ClarificationState::Answered
        } else {
            ClarificationState::AnsweredInPart
        };
        let paper = self.paper(who)?;
        paper.promise("answer_receipt");
        paper.numbers += 1;
        Ok(())
    }

    pub(super) fn accept_answer(&mut self, who: usize) -> Answer {
        let asked = self.asked(who)?;
        let has_what_it_needs = matches!(
            asked.state,
            ClarificationState::AnsweredInPart
                | ClarificationState::Answered
                | ClarificationState::Expired
        );
        if !has_what_it_needs || asked.answers == 0 {
            return Err("CLARIFICATION_STATE");
        }
        asked.state = ClarificationState::Accepted;
        self.paper(who)?.promise("clarification_closed");
        Ok(())
    }

    pub(super) fn take_back(&mut self, who: usize) -> Answer {
        let asked = self.asked(who)?;
        if !is_open(asked.state) {
            return Err("CLARIFICATION_STATE");
        }
        asked.state = ClarificationState::Closed;
        self.paper(who)?.promise("clarification_closed");
        Ok(())
    }
}
