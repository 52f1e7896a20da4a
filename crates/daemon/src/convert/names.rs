//! Resource names: `programmes/er/calls/2016/applications/0190…`.

use std::fmt::Display;
use std::str::FromStr;

use bando_domain::deadline::Subject;
use bando_domain::ids::{
    ApplicationId, AwardId, CalendarFeedId, CallId, ClarificationId, ConsortiumId, EvaluationId,
    EvaluatorId, LetterId, ProgrammeId, ProposalId, TimerId, TokenId,
};
use bando_domain::project::Violation;
use bando_workflow::Error;
use bando_workflow::documents::Place;

/// Stands for the ranking in force, and for all applications of a call.
pub const CURRENT: &str = "-";

fn malformed(field: &str, form: &str) -> Error {
    let explanation = format!("a name of the form {form} is expected");
    Error::invalid_fields(vec![Violation::new(field, "NAME", explanation)])
}

/// Splits `kind/id/kind/id…` by the kinds wanted.
fn parts<'a, const N: usize>(
    field: &str,
    text: &'a str,
    kinds: [&str; N],
) -> Result<[&'a str; N], Error> {
    let form = || kinds.map(|kind| format!("{kind}/{{id}}")).join("/");
    let pieces: Vec<&str> = text.split('/').collect();
    if pieces.len() != N * 2 {
        return Err(malformed(field, &form()));
    }
    let mut ids = [""; N];
    for (position, kind) in kinds.iter().enumerate() {
        if pieces[position * 2] != *kind || pieces[position * 2 + 1].is_empty() {
            return Err(malformed(field, &form()));
        }
        ids[position] = pieces[position * 2 + 1];
    }
    Ok(ids)
}

fn id<T: FromStr>(field: &str, text: &str) -> Result<T, Error>
where
    T::Err: Display,
{
    text.parse()
        .map_err(|error: T::Err| Error::invalid(field, "NAME", error.to_string()))
}

fn call_id(field: &str, programme: &str, code: &str) -> Result<CallId, Error> {
    let programme = id(field, programme)?;
    CallId::new(programme, code).map_err(|error| Error::invalid(field, "NAME", error.to_string()))
}

pub fn programme(field: &str, name: &str) -> Result<ProgrammeId, Error> {
    let [programme] = parts(field, name, ["programmes"])?;
    id(field, programme)
}

pub fn call(field: &str, name: &str) -> Result<CallId, Error> {
    let [programme, call] = parts(field, name, ["programmes", "calls"])?;
    call_id(field, programme, call)
}

pub fn consortium(field: &str, name: &str) -> Result<(ProgrammeId, ConsortiumId), Error> {
    let [programme, consortium] = parts(field, name, ["programmes", "consortia"])?;
    Ok((id(field, programme)?, id(field, consortium)?))
}

pub fn application(field: &str, name: &str) -> Result<(CallId, ApplicationId), Error> {
    let [programme, call, application] =
        parts(field, name, ["programmes", "calls", "applications"])?;
    Ok((call_id(field, programme, call)?, id(field, application)?))
}

/// The application is `None` for `applications/-`.
pub fn applications(field: &str, name: &str) -> Result<(CallId, Option<ApplicationId>), Error> {
    let kinds = ["programmes", "calls", "applications"];
    let [programme, call, application] = parts(field, name, kinds)?;
    let application = match application {
        CURRENT => None,
        given => Some(id(field, given)?),
    };
    Ok((call_id(field, programme, call)?, application))
}

pub fn document(field: &str, name: &str) -> Result<Place, Error> {
    let kinds = ["programmes", "calls", "applications", "documents"];
    let [programme, call, application, document] = parts(field, name, kinds)?;
    Ok(Place {
        call: call_id(field, programme, call)?,
        application: id(field, application)?,
        id: id(field, document)?,
    })
}

pub fn evaluation(field: &str, name: &str) -> Result<(CallId, ApplicationId, EvaluationId), Error> {
    let [programme, call, application, evaluation] = parts(
        field,
        name,
        ["programmes", "calls", "applications", "evaluations"],
    )?;
    Ok((
        call_id(field, programme, call)?,
        id(field, application)?,
        id(field, evaluation)?,
    ))
}

pub fn clarification(
    field: &str,
    name: &str,
) -> Result<(CallId, ApplicationId, ClarificationId), Error> {
    let [programme, call, application, clarification] = parts(
        field,
        name,
        ["programmes", "calls", "applications", "clarifications"],
    )?;
    Ok((
        call_id(field, programme, call)?,
        id(field, application)?,
        id(field, clarification)?,
    ))
}

/// A call, or an application of one.
pub fn call_or_application(
    field: &str,
    name: &str,
) -> Result<(CallId, Option<ApplicationId>), Error> {
    if name.contains("/applications/") {
        let (call, application) = application(field, name)?;
        return Ok((call, Some(application)));
    }
    Ok((call(field, name)?, None))
}

pub fn evaluator(field: &str, name: &str) -> Result<(ProgrammeId, EvaluatorId), Error> {
    let [programme, evaluator] = parts(field, name, ["programmes", "evaluators"])?;
    Ok((id(field, programme)?, id(field, evaluator)?))
}

/// The version is `None` for `rankings/-`.
pub fn ranking(field: &str, name: &str) -> Result<(CallId, Option<u32>), Error> {
    let [programme, call, version] = parts(field, name, ["programmes", "calls", "rankings"])?;
    let version = match version {
        CURRENT => None,
        number => Some(id(field, number)?),
    };
    Ok((call_id(field, programme, call)?, version))
}

pub fn award(field: &str, name: &str) -> Result<(CallId, AwardId), Error> {
    let [programme, call, award] = parts(field, name, ["programmes", "calls", "awards"])?;
    Ok((call_id(field, programme, call)?, id(field, award)?))
}

pub fn proposal(field: &str, name: &str) -> Result<(ProgrammeId, ProposalId), Error> {
    let [programme, proposal] = parts(field, name, ["programmes", "proposals"])?;
    Ok((id(field, programme)?, id(field, proposal)?))
}

pub fn calendar(field: &str, name: &str) -> Result<(ProgrammeId, CalendarFeedId), Error> {
    let [programme, calendar] = parts(field, name, ["programmes", "calendars"])?;
    Ok((id(field, programme)?, id(field, calendar)?))
}

pub fn deadline(field: &str, name: &str) -> Result<(CallId, Subject), Error> {
    let [programme, call, subject] = parts(field, name, ["programmes", "calls", "deadlines"])?;
    Ok((call_id(field, programme, call)?, id(field, subject)?))
}

pub fn letter(field: &str, name: &str) -> Result<(ProgrammeId, LetterId), Error> {
    let [programme, letter] = parts(field, name, ["programmes", "letters"])?;
    Ok((id(field, programme)?, id(field, letter)?))
}

pub fn timer(field: &str, name: &str) -> Result<(ProgrammeId, TimerId), Error> {
    let [programme, timer] = parts(field, name, ["programmes", "timers"])?;
    Ok((id(field, programme)?, id(field, timer)?))
}

/// A programme and the name of one of its schedules.
pub fn schedule(field: &str, name: &str) -> Result<(ProgrammeId, String), Error> {
    let [programme, schedule] = parts(field, name, ["programmes", "schedules"])?;
    Ok((id(field, programme)?, schedule.to_owned()))
}

pub fn token(field: &str, name: &str) -> Result<TokenId, Error> {
    let [token] = parts(field, name, ["tokens"])?;
    id(field, token)
}

pub fn of_calendar(programme: &ProgrammeId, id: CalendarFeedId) -> String {
    format!("programmes/{programme}/calendars/{id}")
}

pub fn of_deadline(call: &CallId, subject: Subject) -> String {
    format!("{}/deadlines/{subject}", of_call(call))
}

pub fn of_call(call: &CallId) -> String {
    format!("programmes/{}/calls/{}", call.programme(), call.code())
}

pub fn of_ranking(call: &CallId, version: u32) -> String {
    format!("{}/rankings/{version}", of_call(call))
}

pub fn of_application(call: &CallId, id: ApplicationId) -> String {
    format!("{}/applications/{id}", of_call(call))
}

pub fn of_letter(programme: &ProgrammeId, id: LetterId) -> String {
    format!("programmes/{programme}/letters/{id}")
}

pub fn of_consortium(programme: &ProgrammeId, id: ConsortiumId) -> String {
    format!("programmes/{programme}/consortia/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_shown() {
        let call: CallId = "er/2016".parse().unwrap();
        let application = ApplicationId(uuid::Uuid::from_u128(7));

        let read = super::application("name", &of_application(&call, application)).unwrap();

        assert_eq!(read, (call, application));
    }

    #[test]
    fn a_name_of_another_kind_is_told_the_form() {
        let error = call("parent", "programmes/er").unwrap_err().to_string();

        assert!(error.contains("programmes/{id}/calls/{id}"), "{error}");
        for wrong in [
            "",
            "programmes//calls/2016",
            "calls/2016",
            "programmes/ER/calls/2016",
        ] {
            assert!(call("parent", wrong).is_err(), "{wrong}");
        }
    }
}
