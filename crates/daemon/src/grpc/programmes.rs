//! `ProgrammeService`.

use bando_proto::v1;
use bando_proto::v1::programme_service_server::ProgrammeService;
use bando_workflow::programmes;
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

#[tonic::async_trait]
impl ProgrammeService for Api {
    async fn list_programmes(
        &self,
        request: Request<v1::ListProgrammesRequest>,
    ) -> Result<Response<v1::ListProgrammesResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        // An installation has few programmes: they are one page, whatever its size.
        let binding = page::binding(&received.caller.method, "", "");
        page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let found = programmes::list(&self.cx, &received.caller.actor).await;
        let found = found.map_err(|error| received.status(error))?;
        let programmes = found.iter().map(convert::programme).collect();
        let next_page_token = String::new();
        Ok(Response::new(v1::ListProgrammesResponse {
            programmes,
            next_page_token,
        }))
    }

    async fn get_programme(
        &self,
        request: Request<v1::GetProgrammeRequest>,
    ) -> Result<Response<v1::Programme>, Status> {
        let received = receive(request)?;
        let found = async {
            let id = names::programme("name", &received.message.name)?;
            programmes::get(&self.cx, &received.caller.actor, &id).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::programme(&found)))
    }

    async fn load_programme(
        &self,
        request: Request<v1::LoadProgrammeRequest>,
    ) -> Result<Response<v1::Programme>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let loaded = programmes::load(&self.cx, &command, &message.file_name, &message.file).await;
        let loaded = loaded.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::programme(&loaded)))
    }
}
