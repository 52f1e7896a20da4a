//! What consortia do.

use bando_proto::v1;
use bando_tests::daemon::{Applicant, CALL, PROGRAMME, consortium, person, project};

use super::{Answer, People, nothing_yet};
use crate::model::acts::Part;

impl People {
    pub(super) async fn register(&mut self, who: usize) -> Answer {
        let number = u32::try_from(who).unwrap() + 1;
        let request = v1::RegisterConsortiumRequest {
            parent: PROGRAMME.to_owned(),
            consortium: Some(consortium(number)),
            ..Default::default()
        };
        let officer = self.daemon.officer.secret.clone();
        let consortium = self.tell(&officer, request).await?;
        let desk = person(
            &self.daemon.channel,
            &self.daemon.admin,
            &format!("consorzio{number}"),
            &[v1::Role::Consortium],
            PROGRAMME,
            &consortium.name,
        )
        .await;
        self.parties[who].applicant = Some(Applicant {
            desk: desk.unwrap(),
            consortium,
        });
        Ok(())
    }

    pub(super) async fn create(&mut self, who: usize, complete: bool) -> Answer {
        let by = self.secret_of(who)?;
        let Some(applicant) = &self.parties[who].applicant else {
            return nothing_yet();
        };
        let mut project = project(&applicant.consortium);
        if !complete {
            project.title.clear();
        }
        let request = v1::CreateApplicationRequest {
            parent: CALL.to_owned(),
            consortium: applicant.consortium.name.clone(),
            project: Some(project),
            ..Default::default()
        };
        let created = self.tell(&by, request).await?;
        let party = &mut self.parties[who];
        party.application = Some(created.name);
        party.first_etag = created.etag;
        Ok(())
    }

    /// The etag as it is, or as it was when the draft was made.
    async fn named(&self, who: usize, stale: bool) -> Result<(String, String), String> {
        let seen = self.now(who).await?;
        let first = || self.parties[who].first_etag.clone();
        Ok((seen.name, if stale { first() } else { seen.etag }))
    }

    pub(super) async fn edit(&mut self, who: usize, part: Part, stale: bool) -> Answer {
        let (name, etag) = self.named(who, stale).await?;
        let by = self.secret_of(who)?;
        let said = self.sent.len();
        let (path, title, summary) = match part {
            Part::Title { complete: true } => ("title", format!("Insieme {said}"), String::new()),
            Part::Title { complete: false } => ("title", String::new(), String::new()),
            Part::Summary => ("summary", String::new(), format!("Dieci imprese, {said}")),
        };
        let request = v1::UpdateApplicationRequest {
            name,
            etag,
            project: Some(v1::Project {
                title,
                summary,
                ..Default::default()
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec![path.to_owned()],
            }),
            ..Default::default()
        };
        self.tell(&by, request).await.map(drop)
    }

    pub(super) async fn submit(&mut self, who: usize, stale: bool) -> Answer {
        let (name, etag) = self.named(who, stale).await?;
        let by = self.secret_of(who)?;
        let request = v1::SubmitApplicationRequest {
            name,
            etag,
            ..Default::default()
        };
        self.tell(&by, request).await.map(drop)
    }

    pub(super) async fn withdraw(&mut self, who: usize, stale: bool) -> Answer {
        let (name, etag) = self.named(who, stale).await?;
        let by = self.secret_of(who)?;
        let request = v1::WithdrawApplicationRequest {
            name,
            etag,
            reason: "rinuncia".to_owned(),
            ..Default::default()
        };
        self.tell(&by, request).await.map(drop)
    }

    pub(super) async fn answer(&mut self, who: usize, items: [bool; 2]) -> Answer {
        let asked = self.asked(who).await?;
        let by = self.secret_of(who)?;
        let given = (1..).zip(items).filter(|(_, given)| *given);
        let request = v1::AnswerClarificationRequest {
            name: asked.name,
            etag: asked.etag,
            answers: given
                .map(|(item, _)| v1::ItemAnswer {
                    item,
                    text: format!("risposta {item}"),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        };
        self.tell(&by, request).await.map(drop)
    }
}
