//! Which role may call which method. What is not in the table is refused.

use bando_domain::actor::{Actor, Role};

/// Who may call a method; what they see of it is decided further in.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    Roles(&'static [Role]),
    /// Any live token but a bootstrap token.
    AnyToken,
    /// These roles, and a bootstrap token: it may do nothing else.
    AndBootstrap(&'static [Role]),
}

impl Access {
    pub fn admits(self, actor: &Actor, bootstrap: bool) -> bool {
        match self {
            Self::AndBootstrap(roles) => bootstrap || actor.is_any(roles),
            Self::Roles(roles) => !bootstrap && actor.is_any(roles),
            Self::AnyToken => !bootstrap,
        }
    }

    pub fn describe(self) -> String {
        match self {
            Self::AnyToken => "every live token".to_owned(),
            Self::Roles(roles) | Self::AndBootstrap(roles) => roles
                .iter()
                .map(|role| role.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}

use Access::{AndBootstrap, AnyToken, Roles};
use Role::{Admin, Approver, Auditor, Consortium, Evaluator, Manager, Officer, System, Viewer};

const CASES: Access = Roles(&[
    Officer, Manager, Approver, Auditor, Viewer, System, Evaluator, Consortium,
]);
const OFFICE: Access = Roles(&[Officer, Manager, Approver, Auditor, Viewer, System]);
const OFFICE_AND_OWN: Access = Roles(&[
    Officer, Manager, Approver, Auditor, Viewer, System, Consortium,
]);
const OFFICE_AND_EVALUATORS: Access = Roles(&[
    Officer, Manager, Approver, Auditor, Viewer, System, Evaluator,
]);
const OFFICE_AND_ADMIN: Access =
    Roles(&[Officer, Manager, Approver, Auditor, Viewer, System, Admin]);
const OFFICERS: Access = Roles(&[Officer, Manager]);

pub const TABLE: &[(&str, Access)] = &[
    ("/bando.v1.ProgrammeService/ListProgrammes", CASES),
    ("/bando.v1.ProgrammeService/GetProgramme", CASES),
    (
        "/bando.v1.ProgrammeService/LoadProgramme",
        Roles(&[Manager]),
    ),
    ("/bando.v1.CallService/ListCalls", CASES),
    ("/bando.v1.CallService/GetCall", CASES),
    ("/bando.v1.CallService/LoadCall", OFFICERS),
    ("/bando.v1.CallService/ProposeExtension", OFFICERS),
    ("/bando.v1.CallService/MovePublication", Roles(&[Manager])),
    (
        "/bando.v1.CallService/ProposePublication",
        Roles(&[Manager]),
    ),
    (
        "/bando.v1.CallService/ProposeCancellation",
        Roles(&[Manager]),
    ),
    ("/bando.v1.CallService/CloneCall", OFFICERS),
    ("/bando.v1.CallService/CompareCalls", OFFICE),
    ("/bando.v1.CallService/ListRuleSets", CASES),
    ("/bando.v1.CallService/ProposeRuleChange", Roles(&[Manager])),
    ("/bando.v1.CallService/SuspendCall", OFFICERS),
    ("/bando.v1.CallService/ResumeCall", OFFICERS),
    ("/bando.v1.ConsortiumService/ListConsortia", OFFICE_AND_OWN),
    ("/bando.v1.ConsortiumService/GetConsortium", OFFICE_AND_OWN),
    ("/bando.v1.ConsortiumService/RegisterConsortium", OFFICERS),
    (
        "/bando.v1.ConsortiumService/UpdateConsortium",
        Roles(&[Officer, Manager, Consortium]),
    ),
    (
        "/bando.v1.ConsortiumService/RecordChange",
        Roles(&[Officer, Manager, Consortium]),
    ),
    (
        "/bando.v1.ConsortiumService/AgreeMultiYearProgramme",
        Roles(&[Officer, Manager, Consortium]),
    ),
    (
        "/bando.v1.ConsortiumService/ListAnnualProjects",
        OFFICE_AND_OWN,
    ),
    ("/bando.v1.ConsortiumService/ListHistory", OFFICE_AND_OWN),
    ("/bando.v1.ConsortiumService/CorrectAddress", OFFICERS),
    ("/bando.v1.ConsortiumService/ImportConsortia", OFFICERS),
    ("/bando.v1.ApplicationService/ListApplications", CASES),
    ("/bando.v1.ApplicationService/GetApplication", CASES),
    (
        "/bando.v1.ApplicationService/CreateApplication",
        Roles(&[Consortium]),
    ),
    (
        "/bando.v1.ApplicationService/UpdateApplication",
        Roles(&[Consortium]),
    ),
    (
        "/bando.v1.ApplicationService/SubmitApplication",
        Roles(&[Consortium]),
    ),
    (
        "/bando.v1.ApplicationService/WithdrawApplication",
        Roles(&[Consortium]),
    ),
    ("/bando.v1.ApplicationService/GetSubmission", CASES),
    ("/bando.v1.DocumentService/ListDocuments", CASES),
    ("/bando.v1.DocumentService/GetDocument", CASES),
    (
        "/bando.v1.DocumentService/UploadDocument",
        Roles(&[Consortium]),
    ),
    ("/bando.v1.DocumentService/DownloadDocument", CASES),
    (
        "/bando.v1.DocumentService/RemoveDocument",
        Roles(&[Consortium]),
    ),
    ("/bando.v1.DocumentService/RecordVerification", OFFICERS),
    (
        "/bando.v1.ApplicationService/ProposeLateAdmission",
        OFFICERS,
    ),
    (
        "/bando.v1.EligibilityService/PreviewCheck",
        Roles(&[Officer, Manager, Consortium]),
    ),
    ("/bando.v1.EligibilityService/OpenCheck", Roles(&[Officer])),
    (
        "/bando.v1.EligibilityService/RecordFinding",
        Roles(&[Officer]),
    ),
    (
        "/bando.v1.EligibilityService/ConcludeCheck",
        Roles(&[Officer]),
    ),
    ("/bando.v1.EligibilityService/ReopenCheck", OFFICERS),
    (
        "/bando.v1.ClarificationService/ListClarifications",
        OFFICE_AND_OWN,
    ),
    ("/bando.v1.ClarificationService/GetClarification", CASES),
    (
        "/bando.v1.ClarificationService/RequestClarification",
        Roles(&[Officer]),
    ),
    (
        "/bando.v1.ClarificationService/AnswerClarification",
        Roles(&[Consortium]),
    ),
    (
        "/bando.v1.ClarificationService/AcceptClarification",
        Roles(&[Officer]),
    ),
    (
        "/bando.v1.ClarificationService/CloseClarification",
        Roles(&[Officer]),
    ),
    ("/bando.v1.ClarificationService/GetAnswer", CASES),
    (
        "/bando.v1.EvaluationService/ListEvaluations",
        OFFICE_AND_EVALUATORS,
    ),
    (
        "/bando.v1.EvaluationService/GetEvaluation",
        OFFICE_AND_EVALUATORS,
    ),
    (
        "/bando.v1.EvaluationService/GetCover",
        OFFICE_AND_EVALUATORS,
    ),
    ("/bando.v1.EvaluationService/ListProgress", OFFICE),
    ("/bando.v1.EvaluationService/AssignEvaluation", OFFICERS),
    ("/bando.v1.EvaluationService/DrawAssignments", OFFICERS),
    ("/bando.v1.EvaluationService/ReassignEvaluation", OFFICERS),
    ("/bando.v1.EvaluationService/LiftFlags", Roles(&[Manager])),
    (
        "/bando.v1.EvaluationService/DeclareConflict",
        Roles(&[Evaluator]),
    ),
    (
        "/bando.v1.EvaluationService/ReviseEvaluation",
        Roles(&[Evaluator]),
    ),
    (
        "/bando.v1.EvaluationService/ProposeConsensus",
        Roles(&[Manager]),
    ),
    (
        "/bando.v1.EvaluationService/ConfirmConsensus",
        Roles(&[Evaluator]),
    ),
    (
        "/bando.v1.EvaluationService/ScoreEvaluation",
        Roles(&[Evaluator]),
    ),
    (
        "/bando.v1.EvaluationService/ExcludeEvaluation",
        Roles(&[Manager]),
    ),
    ("/bando.v1.EvaluatorService/ListEvaluators", OFFICE),
    ("/bando.v1.EvaluatorService/GetEvaluator", OFFICE),
    ("/bando.v1.EvaluatorService/RegisterEvaluator", OFFICERS),
    ("/bando.v1.EvaluatorService/UpdateEvaluator", OFFICERS),
    ("/bando.v1.RankingService/ComputeRanking", OFFICERS),
    ("/bando.v1.RankingService/GetRanking", OFFICE),
    ("/bando.v1.RankingService/ExplainRanking", OFFICE),
    ("/bando.v1.RankingService/ListRankings", OFFICE),
    ("/bando.v1.RankingService/SimulateAllocation", OFFICE),
    ("/bando.v1.RankingService/VerifyRanking", OFFICE),
    ("/bando.v1.RankingService/ProposeAnnulment", OFFICERS),
    ("/bando.v1.ProposalService/ListProposals", OFFICE),
    ("/bando.v1.ProposalService/GetProposal", OFFICE),
    (
        "/bando.v1.ProposalService/ApproveProposal",
        Roles(&[Approver]),
    ),
    (
        "/bando.v1.ProposalService/RejectProposal",
        Roles(&[Approver, Officer, Manager]),
    ),
    ("/bando.v1.AwardService/ProposeAward", OFFICERS),
    ("/bando.v1.AwardService/ListAwards", OFFICE_AND_OWN),
    ("/bando.v1.AwardService/GetAward", OFFICE_AND_OWN),
    ("/bando.v1.LetterService/ListLetters", OFFICE_AND_OWN),
    ("/bando.v1.LetterService/GetLetter", OFFICE_AND_OWN),
    ("/bando.v1.LetterService/ListRedirections", OFFICE_AND_OWN),
    ("/bando.v1.LetterService/CountLetters", OFFICE),
    (
        "/bando.v1.LetterService/RecordDelivery",
        Roles(&[Officer, Manager, System]),
    ),
    (
        "/bando.v1.LetterService/RecordNonDelivery",
        Roles(&[Officer, Manager, System]),
    ),
    ("/bando.v1.TimerService/ListTimers", OFFICE_AND_ADMIN),
    ("/bando.v1.TimerService/GetTimer", OFFICE_AND_ADMIN),
    ("/bando.v1.TimerService/RetryTimer", OFFICERS),
    ("/bando.v1.TimerService/CancelTimer", Roles(&[Manager])),
    ("/bando.v1.ScheduleService/ListSchedules", OFFICE_AND_ADMIN),
    ("/bando.v1.ScheduleService/GetSchedule", OFFICE_AND_ADMIN),
    (
        "/bando.v1.ScheduleService/PreviewSchedule",
        OFFICE_AND_ADMIN,
    ),
    ("/bando.v1.ScheduleService/PauseSchedule", OFFICERS),
    ("/bando.v1.ScheduleService/ResumeSchedule", OFFICERS),
    ("/bando.v1.ScheduleService/TriggerSchedule", OFFICERS),
    ("/bando.v1.ScheduleService/BackfillSchedule", OFFICERS),
    ("/bando.v1.ReminderService/PreviewReminders", OFFICE),
    ("/bando.v1.DeadlineService/ListDeadlines", OFFICE_AND_OWN),
    ("/bando.v1.DeadlineService/GetDeadline", OFFICE_AND_OWN),
    ("/bando.v1.DeadlineService/ExtendDeadline", OFFICERS),
    (
        "/bando.v1.DeadlineService/GetDeadlineHistory",
        OFFICE_AND_OWN,
    ),
    (
        "/bando.v1.CalendarService/CreateCalendarFeed",
        Roles(&[Officer, Manager, Consortium]),
    ),
    (
        "/bando.v1.CalendarService/ListCalendarFeeds",
        Roles(&[Officer, Manager, Consortium]),
    ),
    (
        "/bando.v1.CalendarService/GetCalendarFeed",
        Roles(&[Officer, Manager, Consortium]),
    ),
    (
        "/bando.v1.CalendarService/RevokeCalendarFeed",
        Roles(&[Officer, Manager, Consortium]),
    ),
    ("/bando.v1.EventService/ListEvents", OFFICE_AND_OWN),
    (
        "/bando.v1.EventService/VerifyChain",
        Roles(&[Auditor, Manager, Admin]),
    ),
    ("/bando.v1.ReceiptService/ListReceiptKeys", AnyToken),
    ("/bando.v1.TokenService/CreateToken", AndBootstrap(&[Admin])),
    ("/bando.v1.TokenService/ListTokens", Roles(&[Admin])),
    ("/bando.v1.TokenService/RevokeToken", Roles(&[Admin])),
    ("/bando.v1.TokenService/GetSelf", AnyToken),
    ("/bando.v1.ClockService/GetClock", AnyToken),
    (
        "/bando.v1.ClockService/AdvanceClock",
        Roles(&[Manager, Admin]),
    ),
    (
        "/bando.v1.ClockService/ConfirmClock",
        Roles(&[Manager, Admin]),
    ),
];

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn every_method_of_the_wire_has_its_row_and_no_row_is_left_over() {
        let files = prost_types::FileDescriptorSet::decode(bando_proto::DESCRIPTORS).unwrap();
        let mut methods: Vec<String> = Vec::new();
        for file in files
            .file
            .iter()
            .filter(|file| file.package() == "bando.v1")
        {
            for service in &file.service {
                let name = service.name();
                methods.extend(
                    service
                        .method
                        .iter()
                        .map(|m| format!("/bando.v1.{name}/{}", m.name())),
                );
            }
        }
        let mut rows: Vec<String> = TABLE.iter().map(|(row, _)| (*row).to_owned()).collect();
        methods.sort();
        rows.sort();

        assert_eq!(rows, methods);
    }

    #[test]
    fn an_admin_sees_no_case_and_a_bootstrap_token_only_makes_tokens() {
        let admin = Actor {
            person: "a".into(),
            roles: vec![Role::Admin],
            programme: None,
            consortium: None,
        };
        for (method, access) in TABLE {
            let bootstrap = access.admits(&admin, true);
            assert_eq!(bootstrap, method.ends_with("/CreateToken"), "{method}");
            let about_cases = [
                "Application",
                "Document",
                "Clarification",
                "Consortium",
                "Evaluation",
                "Evaluator",
                "Ranking",
                "Award",
            ];
            if about_cases
                .iter()
                .any(|word| method.contains(&format!(".{word}Service")))
            {
                assert!(!access.admits(&admin, false), "{method}");
            }
        }
    }
}
