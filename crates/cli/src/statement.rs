//! Signed statements on the wire: those of an answer, and those among the details of a refusal.

use bando_proto::v1;
use prost::Message as _;
use prost_types::Any;

const TYPE_NAME: &str = "bando.v1.SignedStatement";

/// The statement that `any` holds; `None` when it holds something else.
pub(crate) fn from_any(any: &Any) -> Option<v1::SignedStatement> {
    let name = any.type_url.rsplit('/').next()?;
    if name != TYPE_NAME {
        return None;
    }
    v1::SignedStatement::decode(any.value.as_slice()).ok()
}
