//! `DocumentService`.

use std::time::Duration;

use bando_domain::document::ScanState;
use bando_proto::v1;
use bando_proto::v1::document_service_server::DocumentService;
use bando_proto::v1::upload_document_request::Part;
use bando_workflow::documents::{self, Begun, Upload, View};
use bando_workflow::{Command, Error};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use super::{Api, Received, page, receive, status};
use crate::convert::{self, names};

/// Longest pause between two messages of an upload.
const PAUSE: Duration = Duration::from_secs(30);

type Messages = Streaming<v1::UploadDocumentRequest>;

fn scan(text: &str) -> Result<Option<ScanState>, Error> {
    let [scan] = convert::filter(text, ["scan"])?;
    convert::one_of("scan of a document", scan.as_ref(), |text| {
        ScanState::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
    })
}

/// The next message; `None` at the end of the file.
async fn next(messages: &mut Messages) -> Result<Option<Part>, Status> {
    let Ok(message) = tokio::time::timeout(PAUSE, messages.message()).await else {
        return Err(status::stalled(PAUSE));
    };
    match message? {
        None => Ok(None),
        Some(v1::UploadDocumentRequest { part: Some(part) }) => Ok(Some(part)),
        Some(v1::UploadDocumentRequest { part: None }) => Err(status::invalid(
            "part",
            "REQUIRED",
            "a header or a chunk is expected",
        )),
    }
}

impl Api {
    async fn begin(&self, header: &v1::UploadHeader, command: &Command) -> Result<Begun, Error> {
        let (call, application) = names::application("parent", &header.parent)?;
        let offered = convert::offered(header)?;
        documents::begin(&self.cx, command, &call, application, offered).await
    }
}

/// Takes every chunk in; the first that is refused ends the upload.
async fn take_in(
    mut upload: Upload,
    messages: &mut Messages,
    received: &Received<v1::UploadHeader>,
) -> Result<View, Status> {
    while let Some(part) = next(messages).await? {
        let Part::Chunk(bytes) = part else {
            return Err(status::invalid(
                "header",
                "DUPLICATE",
                "only the first message is a header",
            ));
        };
        let taken = upload.chunk(&bytes).await;
        taken.map_err(|error| received.status(error))?;
    }
    let finished = upload.finish().await;
    finished.map_err(|error| received.status(error))
}

#[tonic::async_trait]
impl DocumentService for Api {
    type DownloadDocumentStream = BoxStream<'static, Result<v1::DownloadDocumentResponse, Status>>;

    async fn list_documents(
        &self,
        request: Request<v1::ListDocumentsRequest>,
    ) -> Result<Response<v1::ListDocumentsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, &message.filter);
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let (call, application) = names::applications("parent", &message.parent)?;
            let (actor, scan) = (&received.caller.actor, scan(&message.filter)?);
            let found = documents::list(&self.cx, actor, &call, application, scan, &query).await?;
            Ok(v1::ListDocumentsResponse {
                documents: found.rows.iter().map(convert::document).collect(),
                next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_document(
        &self,
        request: Request<v1::GetDocumentRequest>,
    ) -> Result<Response<v1::Document>, Status> {
        let received = receive(request)?;
        let found = async {
            let place = names::document("name", &received.message.name)?;
            documents::get(&self.cx, &received.caller.actor, &place).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::document(&found)))
    }

    async fn upload_document(
        &self,
        request: Request<Messages>,
    ) -> Result<Response<v1::Document>, Status> {
        let Received {
            caller,
            message: mut messages,
        } = receive(request)?;
        let Some(Part::Header(message)) = next(&mut messages).await? else {
            let explanation = "the first message is a header";
            return Err(status::invalid("header", "REQUIRED", explanation));
        };
        let received = Received { caller, message };
        let header = &received.message;
        let command = received.command(&header.request_id, header.validate_only)?;
        let begun = self.begin(header, &command).await;
        let added = match begun.map_err(|error| received.status(error))? {
            Begun::Answered(view) => *view,
            Begun::Receiving(upload) => take_in(*upload, &mut messages, &received).await?,
        };
        Ok(Response::new(convert::document(&added)))
    }

    async fn download_document(
        &self,
        request: Request<v1::DownloadDocumentRequest>,
    ) -> Result<Response<Self::DownloadDocumentStream>, Status> {
        let received = receive(request)?;
        let opened = async {
            let place = names::document("name", &received.message.name)?;
            documents::download(&self.cx, &received.caller.actor, &place).await
        };
        let pieces = opened.await.map_err(|error| received.status(error))?;
        let number = received.caller.request;
        let answers = pieces.map(move |piece| match piece {
            Ok(chunk) => Ok(v1::DownloadDocumentResponse { chunk }),
            Err(error) => Err(status::from_error(error, &number)),
        });
        Ok(Response::new(answers.boxed()))
    }

    async fn remove_document(
        &self,
        request: Request<v1::RemoveDocumentRequest>,
    ) -> Result<Response<v1::Document>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let removed = async {
            let place = names::document("name", &message.name)?;
            documents::remove(&self.cx, &command, &place, &message.etag).await
        };
        let removed = removed.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::document(&removed)))
    }

    async fn record_verification(
        &self,
        request: Request<v1::RecordVerificationRequest>,
    ) -> Result<Response<v1::Document>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let verified = async {
            let place = names::document("name", &message.name)?;
            let found = convert::finding(message)?;
            documents::verify(&self.cx, &command, &place, &message.etag, found).await
        };
        let verified = verified.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::document(&verified)))
    }
}
